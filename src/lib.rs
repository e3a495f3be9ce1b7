pub mod capture;
pub mod error;
pub mod seq;
pub mod time;
pub mod wire;
