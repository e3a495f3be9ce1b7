//! What programs call `listen()` with unless they are configured otherwise. Each number was looked up in the program's source or
//! manual, which is named beside it.

use crate::host::Socket;

const DEFAULTS: [(&str, &[u32]); 18] = [
    // Apache httpd, include/mpm_common.h and manual, ListenBackLog: DEFAULT_LISTENBACKLOG 511.
    ("apache2", &[511]),
    ("httpd", &[511]),
    // ASP.NET Core reference, SocketTransportOptions.Backlog.
    ("dotnet", &[512]),
    // gunicorn manual, settings, backlog.
    ("gunicorn", &[2048]),
    // JDK, java.net.ServerSocket: 50. Apache Tomcat configuration reference, HTTP connector, acceptCount: 100.
    ("java", &[50, 100]),
    // MariaDB, sql/mysqld.cc: 50 + max_connections / 5, which is 151 by default (mysql-test sys_vars back_log: 80).
    ("mariadbd", &[80]),
    // memcached, memcached.c settings_init(): settings.backlog.
    ("memcached", &[1024]),
    // MySQL, back_log: the same as MariaDB up to 5.7, max_connections since 8.0 (worklog 9704).
    ("mysqld", &[80, 151]),
    // nginx, src/os/unix/ngx_linux_config.h: NGX_LISTEN_BACKLOG.
    ("nginx", &[511]),
    // Node.js manual, net, server.listen().
    ("node", &[511]),
    // PHP, sapi/fpm/fpm/fpm_sockets.h: FPM_BACKLOG_DEFAULT; Linux.
    ("php-fpm", &[511]),
    // PostgreSQL, src/backend/libpq/pqcomm.c: twice MaxBackends (InitializeMaxBackends(): 112, with WAL senders 122), later twice
    // max_connections, which is 100.
    ("postgres", &[200, 224, 244]),
    // CPython manual, socketserver, request_queue_size: 5; asyncio, loop.create_server(): 100.
    ("python", &[5, 100]),
    // Redis and Valkey, redis.conf: tcp-backlog.
    ("redis-server", &[511]),
    ("valkey-server", &[511]),
    // OpenSSH, ssh.h: SSH_LISTEN_BACKLOG.
    ("sshd", &[128]),
    // uvicorn, uvicorn/config.py: backlog.
    ("uvicorn", &[2048]),
    // uWSGI, core/init.c: listen_queue.
    ("uwsgi", &[100]),
];

/// What the program of a socket asks for by default; `nginx: worker` and `python3.11` are known by what they begin with.
pub(super) fn of(socket: &Socket) -> &'static [u32] {
    let program = socket.program().unwrap_or_default();
    let end = program.find([':', ' ', '(']).unwrap_or(program.len());
    let name = program.get(..end).unwrap_or_default().trim_end_matches(|letter: char| ".0123456789".contains(letter));
    DEFAULTS.iter().find(|(program, _)| *program == name).map_or(&[], |(_, backlogs)| *backlogs)
}
