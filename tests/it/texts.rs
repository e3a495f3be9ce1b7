//! Captures as text tell the same story: what tcpdump, tshark and Network Monitor print of a recording gives its outcomes.

mod pasted;
mod printed;
