//! What messages say: one file a family, one line in [`FAMILIES`].

mod access;
mod connection;
mod curl;
mod dial;
mod dialled;
mod firewall;
mod generic;
mod haproxy;
mod java;
mod kernel;
mod mysql;
mod names;
mod netcat;
mod nginx;
mod node;
mod oom;
mod oracle;
mod postfix;
mod postgres;
mod process;
mod python;
mod redis;
mod ssh;
mod sql_server;
mod systemd;
mod wget;
mod windows;

use super::context::{Message, Peers, Said};
use super::scan;

/// The registry: those that know a program by its words come before those that know an error only.
pub static FAMILIES: &[Family] = &[
    firewall::FAMILY,
    kernel::FAMILY,
    oom::FAMILY,
    systemd::FAMILY,
    process::FAMILY,
    ssh::FAMILY,
    nginx::FAMILY,
    haproxy::FAMILY,
    postfix::FAMILY,
    postgres::FAMILY,
    mysql::FAMILY,
    sql_server::FAMILY,
    oracle::FAMILY,
    redis::FAMILY,
    windows::FAMILY,
    curl::FAMILY,
    wget::FAMILY,
    netcat::FAMILY,
    names::FAMILY,
    node::FAMILY,
    java::FAMILY,
    python::FAMILY,
    dial::FAMILY,
    dialled::FAMILY,
    access::FAMILY,
    connection::FAMILY,
    generic::FAMILY,
];

/// Messages of one kind.
pub struct Family {
    pub name: &'static str,
    /// One of these stands in every line of the family, where `#` is any digit; the longer, the fewer lines are looked at
    /// in vain. At least six bytes.
    pub needles: &'static [&'static str],
    pub read: fn(&Message<'_>, &mut Peers) -> Option<Said>,
}

/// What a message says, by the first family that understands it.
pub fn read(message: &Message<'_>, peers: &mut Peers) -> Option<Said> {
    let bits = scan::families(message.text);
    let asked = FAMILIES.iter().enumerate().filter(|(place, _)| bits >> place & 1 == 1);
    asked.into_iter().find_map(|(_, family)| (family.read)(message, peers))
}
