#![deny(unsafe_code)]

pub mod blocks;
pub mod seq;
pub mod time;
pub mod error;
pub mod service;
pub mod input;
pub mod capture;
pub mod wire;
pub mod tcp;
pub mod host;
pub mod case;
pub mod record_type;
pub mod report;
pub mod analysis;
