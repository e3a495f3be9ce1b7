#![deny(unsafe_code)]

pub mod error;
pub mod input;
