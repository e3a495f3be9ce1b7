//! Service names: what programs print in place of port numbers where nobody asked for numbers, and what people write in
//! filters.

/// Names with their ports, by name, of TCP where it has the service: what IANA registered and common `/etc/services` have, of the services that people meet.
static SERVICES: &[(&str, u16)] = &[
    ("afpovertcp", 548),
    ("ajp13", 8009),
    ("amqp", 5672),
    ("amqps", 5671),
    ("auth", 113),
    ("bgp", 179),
    ("bootpc", 68),
    ("bootps", 67),
    ("cassandra", 9042),
    ("cockpit", 9090),
    ("docker", 2375),
    ("domain", 53),
    ("epmap", 135),
    ("finger", 79),
    ("ftp", 21),
    ("ftp-data", 20),
    ("ftps", 990),
    ("git", 9418),
    ("http", 80),
    ("http-alt", 8080),
    ("https", 443),
    ("https-alt", 8443),
    ("imap", 143),
    ("imap2", 143),
    ("imaps", 993),
    ("ipp", 631),
    ("irc", 194),
    ("iscsi-target", 3260),
    ("kerberos", 88),
    ("kerberos-sec", 88),
    ("ldap", 389),
    ("ldaps", 636),
    ("loc-srv", 135),
    ("login", 513),
    ("microsoft-ds", 445),
    ("mongodb", 27017),
    ("ms-sql", 1433),
    ("ms-sql-m", 1434),
    ("ms-sql-s", 1433),
    ("ms-wbt-server", 3389),
    ("mysql", 3306),
    ("netbios-ssn", 139),
    ("nfs", 2049),
    ("nntp", 119),
    ("nrpe", 5666),
    ("ntp", 123),
    ("oracle", 1521),
    ("pop3", 110),
    ("pop3s", 995),
    ("postgres", 5432),
    ("postgresql", 5432),
    ("printer", 515),
    ("puppet", 8140),
    ("radius", 1812),
    ("redis", 6379),
    ("rsync", 873),
    ("rtsp", 554),
    ("shell", 514),
    ("sip", 5060),
    ("sip-tls", 5061),
    ("smtp", 25),
    ("smtps", 465),
    ("snmp", 161),
    ("socks", 1080),
    ("ssh", 22),
    ("submission", 587),
    ("submissions", 465),
    ("sunrpc", 111),
    ("svn", 3690),
    ("syslog", 514),
    ("tacacs", 49),
    ("telnet", 23),
    ("webcache", 8080),
    ("whois", 43),
    ("winrm", 5985),
    ("wsman", 5985),
    ("wsmans", 5986),
    ("www", 80),
    ("x11", 6000),
    ("xmpp-client", 5222),
    ("xmpp-server", 5269),
    ("zabbix-agent", 10050),
    ("zabbix-trapper", 10051),
];

/// The port of a service's name.
pub fn port(name: &str) -> Option<u16> {
    SERVICES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, port)| *port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_stand_once_and_are_found_in_any_case() {
        assert_eq!(SERVICES.iter().map(|(name, _)| name).collect::<HashSet<_>>().len(), SERVICES.len());
        assert_eq!([port("HTTPS"), port("postgresql"), port("nonesuch")], [Some(443), Some(5432), None]);
    }
}
