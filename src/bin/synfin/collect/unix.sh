#!/bin/sh
# Gathers what synfin reads of this host, into one folder: sockets every few seconds, counters before and after, settings,
# firewall and kernel messages. It changes nothing, sends nothing, and leaves out what is not installed.
#
#   sh collect.sh [SECONDS [INTERVAL [FOLDER]]]     default: 60 s, every 5 s, into the current folder
#
# Run it as root where you may: otherwise processes of other users, firewall rules and conntrack entries are missing.
set -u
seconds=${1:-60}
interval=${2:-5}
folder=${3:-.}
PATH=$PATH:/sbin:/usr/sbin:/usr/local/sbin
LC_ALL=C
export PATH LC_ALL
host=$(uname -n)
out=$folder/host=$host
mkdir -p "$out" || exit 1

# run FILE COMMAND ARGUMENT...: appends time, command and output to FILE; fails if the command does.
run() {
    file=$out/$1
    shift
    command -v "$1" >/dev/null 2>&1 || return 1
    text=$("$@" 2>/dev/null) || return 1
    printf '=== host=%s %s ===\n+ %s\n%s\n' "$host" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*" "$text" >>"$file"
}

# show FILE PATH...: the same of files that can be read.
show() {
    into=$1
    shift
    for path in "$@"; do
        if [ -r "$path" ]; then run "$into" cat "$path"; fi
    done
}

sockets() {
    run sockets.txt ss -tanpoemi || run sockets.txt netstat -tanpo || run sockets.txt netstat -an ||
        show sockets.txt /proc/net/tcp /proc/net/tcp6
    run listeners.txt ss -lntp || run listeners.txt netstat -Lan
    run conntrack.txt conntrack -L -p tcp
}

counters() {
    run counters.txt nstat -asz || run counters.txt netstat -s || show counters.txt /proc/net/netstat /proc/net/snmp
    run counters.txt ss -s
    show counters.txt /proc/net/sockstat /proc/net/sockstat6
    run counters.txt conntrack -S
    run counters.txt ip -s link
}

settings() {
    run settings.txt uname -a
    run settings.txt sysctl -a
    run settings.txt sh -c 'ulimit -a'
    run addresses.txt ip addr || run addresses.txt ifconfig -a
    run addresses.txt ip route || run addresses.txt netstat -rn
    run addresses.txt ip neigh || run addresses.txt arp -an
    run firewall.txt iptables-save -c
    run firewall.txt nft list ruleset
    run resources.txt uptime
    run resources.txt free
    run resources.txt ps aux
}

messages() {
    run kernel.txt dmesg -T || run kernel.txt dmesg
    run journal.txt journalctl -o short-iso -n 5000 --no-pager
}

[ "$(id -u)" = 0 ] || echo "not root: other users' processes and the firewall will be missing" >&2
echo "capture the packets meanwhile, for example:" >&2
echo "  tcpdump -i any -s 128 -w '$out/capture.pcap' tcp or icmp or icmp6 or arp or port 53" >&2

counters
settings
begun=$(date +%s)
while
    sockets
    [ $(($(date +%s) - begun + interval)) -le "$seconds" ]
do
    sleep "$interval"
done
counters
messages
echo "done: synfin '$folder'    (or: tar czf $host.tgz -C '$folder' 'host=$host')" >&2
