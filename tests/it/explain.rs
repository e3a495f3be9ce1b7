//! `explain CONNECTION`: the story of one connection, from its key to the ladder and the packet script.

mod cli;
mod lacks;
mod ladder;
mod seen;
mod steps;
mod ticket;
