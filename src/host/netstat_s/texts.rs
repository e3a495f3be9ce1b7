//! What `netstat -s` of Linux prints for which counter: net-tools of all versions, and some translations of them.
//!
//! `#` stands for the number. Counters without words here are printed under their own names.

/// Words, and the kernel's name.
pub type Text = (&'static str, &'static str);

/// The counter of these words in a section. Those of ICMP have a list of what came in (`>`) and one of what went out
/// (`<`).
pub fn named(section: &str, words: &str) -> Option<&'static str> {
    let texts = SECTIONS.iter().filter(|(name, _)| *name == section).flat_map(|(_, texts)| texts.iter());
    texts.copied().find(|(text, _)| *text == words).map(|(_, name)| name)
}

/// The counter of a line without its section, as `grep` leaves it: only words that stand in one section tell.
pub fn anywhere(text: &str) -> Option<&'static str> {
    let mut all = SECTIONS.iter().flat_map(|(_, texts)| texts.iter()).filter(|(words, _)| *words == text);
    let (_, name) = all.next()?;
    all.next().is_none().then_some(name)
}

/// The counters that a section prints always and in this order, in whatever language.
pub fn order(title: &str) -> &'static [&'static str] {
    match title {
        "Tcp" => &[
            "TcpActiveOpens",
            "TcpPassiveOpens",
            "TcpAttemptFails",
            "TcpEstabResets",
            "TcpCurrEstab",
            "TcpInSegs",
            "TcpOutSegs",
            "TcpRetransSegs",
            "TcpInErrs",
            "TcpOutRsts",
        ],
        "Udp" => &["UdpInDatagrams", "UdpNoPorts", "UdpInErrors", "UdpOutDatagrams"],
        _ => &[],
    }
}

const SECTIONS: [(&str, &[Text]); 13] = [
    ("Ip", IP),
    ("Icmp", ICMP),
    ("Icmp>", ICMP_IN),
    ("Icmp<", ICMP_OUT),
    ("Tcp", TCP),
    ("Udp", UDP),
    ("TcpExt", TCP_EXT),
    ("TcpExt", TRANSLATED),
    ("Ip6", IP6),
    ("Icmp6", ICMP6),
    ("Icmp6>", ICMP6_IN),
    ("Icmp6<", ICMP6_OUT),
    ("Udp6", UDP6),
];

/// The lines that matter of an overflow, an abort or a flood, in the languages whose net-tools translate them; German and
/// French print this section in English.
const TRANSLATED: &[Text] = &[
    // Japanese
    ("ソケットのリスンキューが#回オーバフロー", "TcpExtListenOverflows"),
    ("#のソケットリスンSYNが無視", "TcpExtListenDrops"),
    ("#のSYNクッキーを送信", "TcpExtSyncookiesSent"),
    ("#のSYNクッキーを受信", "TcpExtSyncookiesRecv"),
    ("#の不適当なSYNクッキーを受信", "TcpExtSyncookiesFailed"),
    ("#の未完成のSYN_RECVソケットに対するリセットを受信", "TcpExtEmbryonicRsts"),
    ("#のTCPソケットがファーストタイマでの時間待ちを完了", "TcpExtTW"),
    ("#のその他のTCPタイムアウト", "TcpExtTCPTimeouts"),
    ("早期のユーザのクローズのために#の接続をリセット", "TcpExtTCPAbortOnClose"),
    ("予期せぬデータのために#の接続をリセット", "TcpExtTCPAbortOnData"),
    ("メモリの制約のために#の接続を中止", "TcpExtTCPAbortOnMemory"),
    ("タイムアウトのために#の接続を中止", "TcpExtTCPAbortOnTimeout"),
    // Czech
    ("Počet přetečení naslouchací fronty socketu: #", "TcpExtListenOverflows"),
    ("Počet zahozených SYN packetů určených naslouchajícímu socketu: #", "TcpExtListenDrops"),
    ("Počet odeslaných SYN cookies: #", "TcpExtSyncookiesSent"),
    ("Počet přijatých SYN cookies: #", "TcpExtSyncookiesRecv"),
    ("Počet chybných příchozích SYN cookies: #", "TcpExtSyncookiesFailed"),
    ("Počet jiných vypršení časovače TCP: #", "TcpExtTCPTimeouts"),
    ("Počet resetů spojení kvůli časnému uzavření uživatelem: #", "TcpExtTCPAbortOnClose"),
    ("Počet resetů spojení kvůli neočekávaným datům: #", "TcpExtTCPAbortOnData"),
    ("Počet zrušených spojení kvůli paměťové tísni: #", "TcpExtTCPAbortOnMemory"),
    ("Počet zrušených spojení kvůli vypršení časovače: #", "TcpExtTCPAbortOnTimeout"),
    // Estonian
    ("# korral ületäitus sokli kuulamise järjekord", "TcpExtListenOverflows"),
    ("# SYN'i kuulavatele soklitele ignoreeriti", "TcpExtListenDrops"),
    ("# SYN küpsist saadeti", "TcpExtSyncookiesSent"),
    ("# SYN küpsist võeti vastu", "TcpExtSyncookiesRecv"),
    ("# vigast SYN küpsist võeti vastu", "TcpExtSyncookiesFailed"),
    ("# RST paketti SYN_RECV olekus soklitele", "TcpExtEmbryonicRsts"),
    // Portuguese
    ("# resets recebidos para sockets embriônicos SYN_RECV", "TcpExtEmbryonicRsts"),
];

const IP: &[Text] = &[
    ("Default TTL is #", "IpDefaultTTL"),
    ("# forwarded", "IpForwDatagrams"),
    ("# fragments created", "IpFragCreates"),
    ("# fragments failed", "IpFragFails"),
    ("# outgoing packets failed fragmentation", "IpFragFails"),
    ("# fragments received ok", "IpFragOKs"),
    ("# outgoing packets fragmented ok", "IpFragOKs"),
    ("# with invalid addresses", "IpInAddrErrors"),
    ("# incoming packets delivered", "IpInDelivers"),
    ("# incoming packets discarded", "IpInDiscards"),
    ("# with invalid headers", "IpInHdrErrors"),
    ("# total packets received", "IpInReceives"),
    ("# with unknown protocol", "IpInUnknownProtos"),
    ("# outgoing packets dropped", "IpOutDiscards"),
    ("# dropped because of missing route", "IpOutNoRoutes"),
    ("# requests sent out", "IpOutRequests"),
    ("# packet reassembles failed", "IpReasmFails"),
    ("# packet reassemblies failed", "IpReasmFails"),
    ("# packets reassembled ok", "IpReasmOKs"),
    ("# reassemblies required", "IpReasmReqds"),
    ("# fragments dropped after timeout", "IpReasmTimeout"),
];

const ICMP: &[Text] = &[
    ("# input ICMP message failed", "IcmpInErrors"),
    ("# ICMP messages received", "IcmpInMsgs"),
    ("# ICMP messages failed", "IcmpOutErrors"),
    ("# ICMP messages sent", "IcmpOutMsgs"),
];

const ICMP_IN: &[Text] = &[
    ("address mask replies: #", "IcmpInAddrMaskReps"),
    ("address mask request: #", "IcmpInAddrMasks"),
    ("destination unreachable: #", "IcmpInDestUnreachs"),
    ("echo replies: #", "IcmpInEchoReps"),
    ("echo requests: #", "IcmpInEchos"),
    ("wrong parameters: #", "IcmpInParmProbs"),
    ("redirects: #", "IcmpInRedirects"),
    ("source quenches: #", "IcmpInSrcQuenchs"),
    ("source quenchs: #", "IcmpInSrcQuenchs"),
    ("timeout in transit: #", "IcmpInTimeExcds"),
    ("timestamp reply: #", "IcmpInTimestampReps"),
    ("timestamp request: #", "IcmpInTimestamps"),
];

const ICMP_OUT: &[Text] = &[
    ("address mask replies: #", "IcmpOutAddrMaskReps"),
    ("address mask requests: #", "IcmpOutAddrMasks"),
    ("destination unreachable: #", "IcmpOutDestUnreachs"),
    ("echo replies: #", "IcmpOutEchoReps"),
    ("echo request: #", "IcmpOutEchos"),
    ("echo requests: #", "IcmpOutEchos"),
    ("wrong parameters: #", "IcmpOutParmProbs"),
    ("redirect: #", "IcmpOutRedirects"),
    ("source quench: #", "IcmpOutSrcQuenchs"),
    ("time exceeded: #", "IcmpOutTimeExcds"),
    ("timestamp replies: #", "IcmpOutTimestampReps"),
    ("timestamp requests: #", "IcmpOutTimestamps"),
];

const TCP: &[Text] = &[
    ("# active connection openings", "TcpActiveOpens"),
    ("# active connections openings", "TcpActiveOpens"),
    ("# active opens", "TcpActiveOpens"),
    ("# failed connection attempts", "TcpAttemptFails"),
    ("# connections established", "TcpCurrEstab"),
    ("# connection resets received", "TcpEstabResets"),
    ("# bad segments received", "TcpInErrs"),
    ("# segments received", "TcpInSegs"),
    ("# resets sent", "TcpOutRsts"),
    ("# segments send out", "TcpOutSegs"),
    ("# segments sent out", "TcpOutSegs"),
    ("# passive connection openings", "TcpPassiveOpens"),
    ("# passive opens", "TcpPassiveOpens"),
    ("# segments retransmited", "TcpRetransSegs"),
    ("# segments retransmitted", "TcpRetransSegs"),
];

const UDP: &[Text] = &[
    ("# packets with invalid checksum", "UdpInCsumErrors"),
    ("# packets received", "UdpInDatagrams"),
    ("# packet receive errors", "UdpInErrors"),
    ("# packets to unknown port received", "UdpNoPorts"),
    ("# packets send", "UdpOutDatagrams"),
    ("# packets sent", "UdpOutDatagrams"),
    ("# receive buffer errors", "UdpRcvbufErrors"),
    ("# send buffer errors", "UdpSndbufErrors"),
];

const TCP_EXT: &[Text] = &[
    ("# delayed acks further delayed because of locked socket", "TcpExtDelayedACKLocked"),
    ("Quick ack mode was activated # times", "TcpExtDelayedACKLost"),
    ("# delayed acks sent", "TcpExtDelayedACKs"),
    ("# resets received for embryonic SYN_RECV sockets", "TcpExtEmbryonicRsts"),
    ("# SYNs to LISTEN sockets dropped", "TcpExtListenDrops"),
    ("# SYNs to LISTEN sockets ignored", "TcpExtListenDrops"),
    ("# times the listen queue of a socket overflowed", "TcpExtListenOverflows"),
    ("# ICMP packets dropped because socket was locked", "TcpExtLockDroppedIcmps"),
    ("# packets dropped from out-of-order queue because of socket buffer overrun", "TcpExtOfoPruned"),
    ("# ICMP packets dropped because they were out-of-window", "TcpExtOutOfWindowIcmps"),
    ("# active connections rejected because of time stamp", "TcpExtPAWSActive"),
    ("# packetes rejected in established connections because of timestamp", "TcpExtPAWSEstab"),
    ("# packets rejected in established connections because of timestamp", "TcpExtPAWSEstab"),
    ("# packets rejects in established connections because of timestamp", "TcpExtPAWSEstab"),
    ("# passive connections rejected because of time stamp", "TcpExtPAWSPassive"),
    ("# packets pruned from receive queue because of socket buffer overrun", "TcpExtPruneCalled"),
    ("# packets pruned from out-of-order queue", "TcpExtRcvPruned"),
    ("# packets pruned from receive queue", "TcpExtRcvPruned"),
    ("Ran # times out of system memory during packet sending", "TcpExtSockMallocOOM"),
    ("# SYN cookies failed", "TcpExtSyncookiesFailed"),
    ("# invalid SYN cookies received", "TcpExtSyncookiesFailed"),
    ("# SYN cookies received", "TcpExtSyncookiesRecv"),
    ("# SYN cookies sent", "TcpExtSyncookiesSent"),
    ("# times unable to send RST due to no memory", "TcpExtTCPAbortFailed"),
    ("# times unabled to send RST due to no memory", "TcpExtTCPAbortFailed"),
    ("# connections reset due to early user close", "TcpExtTCPAbortOnClose"),
    ("# connections reset due to unexpected data", "TcpExtTCPAbortOnData"),
    ("# connections aborted after user close in linger timeout", "TcpExtTCPAbortOnLinger"),
    ("# connections aborted due to memory pressure", "TcpExtTCPAbortOnMemory"),
    ("# connections reset due to unexpected SYN", "TcpExtTCPAbortOnSyn"),
    ("# connections aborted due to timeout", "TcpExtTCPAbortOnTimeout"),
    ("# DSACKs for out of order packets received", "TcpExtTCPDSACKOfoRecv"),
    ("# DSACKs sent for out of order packets", "TcpExtTCPDSACKOfoSent"),
    ("# DSACKs sent for old packets", "TcpExtTCPDSACKOldSent"),
    ("# DSACKs received", "TcpExtTCPDSACKRecv"),
    ("# congestion window recovered using DSACK", "TcpExtTCPDSACKUndo"),
    ("# congestion window recovered without slow start using DSACK", "TcpExtTCPDSACKUndo"),
    ("# congestion windows recovered without slow start by DSACK", "TcpExtTCPDSACKUndo"),
    ("# bytes directly in process context from backlog", "TcpExtTCPDirectCopyFromBacklog"),
    ("# bytes directly received in process context from prequeue", "TcpExtTCPDirectCopyFromPrequeue"),
    ("Detected reordering # times using FACK", "TcpExtTCPFACKReorder"),
    ("# fast retransmits", "TcpExtTCPFastRetrans"),
    ("# forward retransmits", "TcpExtTCPForwardRetrans"),
    ("# congestion windows fully recovered", "TcpExtTCPFullUndo"),
    ("# congestion windows fully recovered without slow start", "TcpExtTCPFullUndo"),
    ("# predicted acknowledgments", "TcpExtTCPHPAcks"),
    ("# packet headers predicted", "TcpExtTCPHPHits"),
    ("# packets header predicted", "TcpExtTCPHPHits"),
    ("# packet headers predicted and directly queued to user", "TcpExtTCPHPHitsToUser"),
    ("# packets header predicted and directly queued to user", "TcpExtTCPHPHitsToUser"),
    ("# TCP data loss events", "TcpExtTCPLoss"),
    ("# timeouts in loss state", "TcpExtTCPLossFailures"),
    ("# congestion windows recovered after partial ack", "TcpExtTCPLossUndo"),
    ("# congestion windows recovered without slow start after partial ack", "TcpExtTCPLossUndo"),
    ("# retransmits lost", "TcpExtTCPLostRetransmit"),
    ("TCP ran low on memory # times", "TcpExtTCPMemoryPressures"),
    ("# congestion windows partially recovered using Hoe heuristic", "TcpExtTCPPartialUndo"),
    ("# packets dropped from prequeue", "TcpExtTCPPrequeueDropped"),
    ("# packets directly queued to recvmsg prequeue", "TcpExtTCPPrequeued"),
    ("# acknowledgments not containing data payload received", "TcpExtTCPPureAcks"),
    ("# acknowledgments not containing data received", "TcpExtTCPPureAcks"),
    ("# packets collapsed in receive queue due to low socket buffer", "TcpExtTCPRcvCollapsed"),
    ("# timeouts after reno fast retransmit", "TcpExtTCPRenoFailures"),
    ("# times recovered from packet loss due to fast retransmit", "TcpExtTCPRenoRecovery"),
    ("# classic Reno fast retransmits failed", "TcpExtTCPRenoRecoveryFail"),
    ("# reno fast retransmits failed", "TcpExtTCPRenoRecoveryFail"),
    ("Detected reordering # times using reno fast retransmit", "TcpExtTCPRenoReorder"),
    ("# bad SACK blocks received", "TcpExtTCPSACKReneging"),
    ("# bad SACKs received", "TcpExtTCPSACKReneging"),
    ("Detected reordering # times using SACK", "TcpExtTCPSACKReorder"),
    ("# timeouts after SACK recovery", "TcpExtTCPSackFailures"),
    ("# times recovered from packet loss by selective acknowledgements", "TcpExtTCPSackRecovery"),
    ("# times recovered from packet loss due to SACK data", "TcpExtTCPSackRecovery"),
    ("# SACK retransmits failed", "TcpExtTCPSackRecoveryFail"),
    ("# sack retransmits failed", "TcpExtTCPSackRecoveryFail"),
    ("# times receiver scheduled too late for direct processing", "TcpExtTCPSchedulerFailed"),
    ("# retransmits in slow start", "TcpExtTCPSlowStartRetrans"),
    ("Detected reordering # times using time stamp", "TcpExtTCPTSReorder"),
    ("# other TCP timeouts", "TcpExtTCPTimeouts"),
    ("# TCP sockets finished time wait in fast timer", "TcpExtTW"),
    ("# TCP sockets finished time wait in slow timer", "TcpExtTWKilled"),
    ("# time wait sockets recycled by time stamp", "TcpExtTWRecycled"),
];

const IP6: &[Text] = &[
    ("# fragments created", "Ip6FragCreates"),
    ("# fragments failed", "Ip6FragFails"),
    ("# outgoing packets failed fragmentation", "Ip6FragFails"),
    ("# fragments received ok", "Ip6FragOKs"),
    ("# outgoing packets fragmented ok", "Ip6FragOKs"),
    ("# with invalid addresses", "Ip6InAddrErrors"),
    ("# incoming packets delivered", "Ip6InDelivers"),
    ("# incoming packets discarded", "Ip6InDiscards"),
    ("# with invalid headers", "Ip6InHdrErrors"),
    ("# incoming multicast packets", "Ip6InMcastPkts"),
    ("# incoming packets with no route", "Ip6InNoRoutes"),
    ("# total packets received", "Ip6InReceives"),
    ("# with packets too big", "Ip6InTooBigErrors"),
    ("# with truncated packets", "Ip6InTruncatedPkts"),
    ("# with unknown protocol", "Ip6InUnknownProtos"),
    ("# outgoing packets dropped", "Ip6OutDiscards"),
    ("# forwarded", "Ip6OutForwDatagrams"),
    ("# outgoing multicast packets", "Ip6OutMcastPkts"),
    ("# dropped because of missing route", "Ip6OutNoRoutes"),
    ("# requests sent out", "Ip6OutRequests"),
    ("# packet reassembles failed", "Ip6ReasmFails"),
    ("# packet reassemblies failed", "Ip6ReasmFails"),
    ("# packets reassembled ok", "Ip6ReasmOKs"),
    ("# reassemblies required", "Ip6ReasmReqds"),
    ("# fragments dropped after timeout", "Ip6ReasmTimeout"),
];

const ICMP6: &[Text] = &[
    ("# input ICMP message failed", "Icmp6InErrors"),
    ("# ICMP messages received", "Icmp6InMsgs"),
    ("# ICMP messages sent", "Icmp6OutMsgs"),
];

const ICMP6_IN: &[Text] = &[
    ("destination unreachable: #", "Icmp6InDestUnreachs"),
    ("echo replies: #", "Icmp6InEchoReplies"),
    ("echo requests: #", "Icmp6InEchos"),
    ("group member queries: #", "Icmp6InGroupMembQueries"),
    ("group member reductions: #", "Icmp6InGroupMembReductions"),
    ("group member responses: #", "Icmp6InGroupMembResponses"),
    ("neighbour advertisement: #", "Icmp6InNeighborAdvertisements"),
    ("neighbour solicits: #", "Icmp6InNeighborSolicits"),
    ("parameter problem: #", "Icmp6InParmProblems"),
    ("packets too big: #", "Icmp6InPktTooBigs"),
    ("redirects: #", "Icmp6InRedirects"),
    ("router advertisement: #", "Icmp6InRouterAdvertisements"),
    ("router solicits: #", "Icmp6InRouterSolicits"),
    ("received ICMPv6 time exceeded: #", "Icmp6InTimeExcds"),
];

const ICMP6_OUT: &[Text] = &[
    ("destination unreachable: #", "Icmp6OutDestUnreachs"),
    ("echo replies: #", "Icmp6OutEchoReplies"),
    ("echo requests: #", "Icmp6OutEchos"),
    ("group member queries: #", "Icmp6OutGroupMembQueries"),
    ("group member reductions: #", "Icmp6OutGroupMembReductions"),
    ("group member responses: #", "Icmp6OutGroupMembResponses"),
    ("neighbor advertisements: #", "Icmp6OutNeighborAdvertisements"),
    ("neighbor solicits: #", "Icmp6OutNeighborSolicits"),
    ("parameter problem: #", "Icmp6OutParmProblems"),
    ("packets too big: #", "Icmp6OutPktTooBigs"),
    ("redirects: #", "Icmp6OutRedirects"),
    ("router advertisement: #", "Icmp6OutRouterAdvertisements"),
    ("router solicits: #", "Icmp6OutRouterSolicits"),
    ("sent ICMPv6 time exceeded: #", "Icmp6OutTimeExcds"),
];

const UDP6: &[Text] = &[
    ("# packets with invalid checksum", "Udp6InCsumErrors"),
    ("# packets received", "Udp6InDatagrams"),
    ("# packet receive errors", "Udp6InErrors"),
    ("# packets to unknown port received", "Udp6NoPorts"),
    ("# packets sent", "Udp6OutDatagrams"),
    ("# receive buffer errors", "Udp6RcvbufErrors"),
    ("# send buffer errors", "Udp6SndbufErrors"),
];
