//! What the formulas for a listener's queues need from the settings of its host.

use super::kernel::Kernel;
use crate::case::dump::{Dumps, Place};
use crate::host::{Block, Setting};
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// Names of the settings that bound every limit: Linux, FreeBSD and macOS.
const SOMAXCONN: [&str; 3] = ["net.core.somaxconn", "kern.ipc.soacceptqueue", "kern.ipc.somaxconn"];

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Somaxconn,
    MaxSynBacklog,
    Release,
}

impl Kind {
    fn of(setting: &Setting) -> Option<Self> {
        match &*setting.name {
            name if SOMAXCONN.contains(&name) => Some(Self::Somaxconn),
            "net.ipv4.tcp_max_syn_backlog" => Some(Self::MaxSynBacklog),
            "kernel.osrelease" => Some(Self::Release),
            _ => None,
        }
    }
}

/// Whose, and which.
type Key<'a> = (Option<&'a str>, Kind);

/// By host and kind: its settings in the order of their times. Where the dumps name one host only, those without a host are its
/// own.
pub(super) struct Operands<'a> {
    dumps: &'a Dumps,
    hosts: BTreeMap<Key<'a>, Vec<(Option<Timestamp>, Place)>>,
    several: bool,
}

impl<'a> Operands<'a> {
    pub fn of(dumps: &'a Dumps) -> Self {
        let several = dumps.are_of_several_hosts();
        let mut hosts: BTreeMap<_, Vec<(Option<Timestamp>, Place)>> = BTreeMap::new();
        for place in dumps.places(|block| block.found.settings.len()) {
            let Some((_, block, setting)) = dumps.setting(place) else { continue };
            if let Some(kind) = Kind::of(setting) {
                let host = block.host.as_deref().filter(|_| several);
                hosts.entry((host, kind)).or_default().push((block.stamp().map(|stamp| stamp.time), place));
            }
        }
        hosts.values_mut().for_each(|settings| settings.sort_by_key(|(time, _)| *time));
        Self { dumps, hosts, several }
    }

    pub fn somaxconn(&self, block: &Block) -> Option<Place> {
        self.at(block, Kind::Somaxconn)
    }

    pub fn max_syn_backlog(&self, block: &Block) -> Option<Place> {
        self.at(block, Kind::MaxSynBacklog)
    }

    pub fn kernel(&self, block: &Block) -> Option<Kernel> {
        let (_, _, setting) = self.dumps.setting(self.at(block, Kind::Release)?)?;
        Kernel::read(&setting.value)
    }

    /// The last one that was taken before the block, or else the first.
    fn at(&self, block: &Block, kind: Kind) -> Option<Place> {
        let settings = self.hosts.get(&(block.host.as_deref().filter(|_| self.several), kind))?;
        let time = block.stamp().map(|stamp| stamp.time);
        let before = settings.partition_point(|(of, _)| *of <= time);
        settings.get(before.saturating_sub(1)).map(|(_, place)| *place)
    }
}
