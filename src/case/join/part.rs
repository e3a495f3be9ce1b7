//! Sockets of which a dump shows only a part: masked, cut-off or named addresses and ports are matched by what is left.

use crate::host::{Host, Port, Socket, SocketAddress};
use crate::service;
use crate::wire::Address;
use std::net::IpAddr;

/// By what an incomplete socket is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// Both ports, the lower first.
    Ports(u16, u16),
    /// One port.
    Port(u16),
}

/// The key of an incomplete socket; `None` if it has no peer, or if too little of it is left: what counts is both ports, or
/// one end whole.
pub(super) fn key(socket: &Socket) -> Option<Part> {
    if socket.remote.is_unset() || socket.remote.host.is_any() || socket.local.host.is_any() {
        return None;
    }
    let whole = |end: &SocketAddress| end.host.ip().is_some() && number(&end.port).is_some();
    match (number(&socket.local.port), number(&socket.remote.port)) {
        (Some(a), Some(b)) => Some(Part::Ports(a.min(b), a.max(b))),
        (Some(port), None) if whole(&socket.local) => Some(Part::Port(port)),
        (None, Some(port)) if whole(&socket.remote) => Some(Part::Port(port)),
        _ => None,
    }
}

/// A port by its number or by the name of its service.
fn number(port: &Port) -> Option<u16> {
    match port {
        Port::Name(name) => service::port(name),
        port => port.number(),
    }
}

/// The keys that an incomplete socket between two addresses may have.
pub(super) fn keys(a: Address, b: Address) -> [Part; 3] {
    [Part::Ports(a.port.min(b.port), a.port.max(b.port)), Part::Port(a.port), Part::Port(b.port)]
}

/// Whether what is left of an end may be this address.
pub(super) fn fits(end: &SocketAddress, address: Address) -> bool {
    host_fits(&end.host, address.ip()) && port_fits(&end.port, address.port)
}

fn host_fits(host: &Host, ip: IpAddr) -> bool {
    match host {
        Host::Ip(known) => *known == ip,
        Host::Any | Host::Name(_) => true,
        // The beginning of a name, or of an address.
        Host::Clipped(text)
            if text.contains(|letter: char| !letter.is_ascii_hexdigit() && letter != '.' && letter != ':') =>
        {
            true
        }
        Host::Clipped(text) => ip.to_string().starts_with(&**text),
        Host::Masked(text) => mask_fits(text, &ip.to_string()),
    }
}

/// Part by part, if there are as many: `xxx.xxx.xxx.187`. What is masked as a whole may be anything.
fn mask_fits(mask: &str, ip: &str) -> bool {
    let parts = |text: &str| text.split(['.', ':']).map(str::to_ascii_lowercase).collect::<Vec<_>>();
    let (mask, ip) = (parts(mask), parts(ip));
    let is_mask = |part: &str| !part.is_empty() && part.chars().all(|letter| letter == 'x' || letter == '*');
    if mask.len() != ip.len() {
        return mask.len() == 1;
    }
    mask.iter().zip(&ip).all(|(mask, part)| is_mask(mask) || mask == part)
}

fn port_fits(port: &Port, of: u16) -> bool {
    match port {
        Port::Clipped(text) => of.to_string().starts_with(&**text),
        port => number(port).is_none_or(|known| known == of),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(local: &str, remote: &str) -> Socket {
        let end = |text: &str| SocketAddress::with_colon(text).expect("an end");
        Socket::new(1, end(local), end(remote))
    }

    #[test]
    fn what_is_left_decides_how_a_socket_is_looked_for() {
        assert_eq!(key(&socket("xxx.xxx.xxx.187:10000", "10.0.0.2:443")), Some(Part::Ports(443, 10000)));
        assert_eq!(key(&socket("10.0.0.1:40000", "web:http")), Some(Part::Ports(80, 40000)));
        assert_eq!(key(&socket("10.0.0.1:40000", "web:our-own")), Some(Part::Port(40000)));
        assert_eq!(key(&socket("x.x.x.1:443", "web:our-own")), None, "too little is certain");
        assert_eq!(key(&socket("x.x.x.1:443", "*:*")), None, "a listener has no peer");
    }

    #[test]
    fn masks_and_ends_cut_off_are_compared_by_what_they_show() {
        let address = Address::v4([10, 77, 1, 187], 10000);
        let fits = |text: &str| fits(&SocketAddress::with_colon(text).expect("an end"), address);
        assert!(fits("xxx.xxx.xxx.187:10000") && fits("<client>:10000") && fits("10.77.1.187:10000"));
        assert!(!fits("xxx.xxx.xxx.18:10000") && !fits("xxx.xxx.xxx.187:10001") && !fits("10.77.1.188:10000"));
        let cut = |text: &str| {
            super::fits(
                &SocketAddress { host: Host::Clipped(text.into()), zone: None, port: Port::Number(10000) },
                address,
            )
        };
        assert!(cut("10.77.1.1") && !cut("10.77.2"));
    }
}
