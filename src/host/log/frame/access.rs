//! A web server's log of requests: `10.77.1.2 - - [20/Nov/2026:20:11:12 +0000] "GET / HTTP/1.1" 502 157`. What stands in
//! it is the client's word, so that nothing is read out of it.

use super::{Frame, Framed, When, haproxy};

pub static FRAME: Frame = Frame { name: "access", read, certain: true };

fn read(text: &str) -> Option<Framed<'_>> {
    let (client, rest) = text.split_once(" [")?;
    let (time, rest) = rest.split_once("] \"")?;
    (client.split(' ').count() == 3 && rest.contains("\" ")).then_some(())?;
    let when = haproxy::accepted(time).map(When::Written)?;
    Some(Framed { when: Some(when), ..Framed::default() })
}
