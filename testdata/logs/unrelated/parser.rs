        if let Some(rest) = message.after("connection to server at ") {
        } else if has("ConnectException") || has("NoRouteToHostException") {
            || text.contains("Too many connections")
        ("connection to server at \"10.77.2.2\", port 5432 failed", "10.77.2.2:5432"),
    needles: &["dial tcp", "read tcp ", "write tcp ", "i/o timeout"],
pub const EAI_AGAIN: c_int = -3;
pub const ECONNREFUSED: i32 = 111;
    #[error("connection refused")]
    let limit = text.contains("no longer accepting") || text.contains("max number of clients reached");
    warn "$0: no such host: $host\n";
    raise ConnectionError("Connection refused")
    throw new ConnectException("Connection refused");
    case "ECONNRESET": return "Connection reset by peer";
    assert_eq!(errno::find("nc: connect to 10.0.0.1 port 80 (tcp) failed: Connection refused"), None);
