//! Dumps of every system's hosts, against what a person reads in them.

mod counters;
mod firewall;
mod foreign;
mod lab;
mod logs;
mod mutated;
mod normal;
mod nothing;
mod ours;
mod shown;
