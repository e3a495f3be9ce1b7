//! `explain CONNECTION`: the story of one connection, from its key to the ladder and the packet script.

mod steps;
