//! Dumps of every system's hosts, against what a person reads in them.

mod counters;
mod foreign;
mod lab;
mod logs;
mod mutated;
mod normal;
mod ours;
mod shown;
