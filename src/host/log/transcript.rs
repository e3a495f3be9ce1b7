//! Attempts that a person made by hand and whose answer takes several lines: one file a program.

pub mod ping;
pub mod telnet;
pub mod test_net_connection;
