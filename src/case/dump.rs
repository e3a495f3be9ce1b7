//! A dump file: what a host said, before it is joined with anything.

use crate::host::{Block, Counter, Document, FirewallRule, LogLine, Odd, Setting, Socket, StateCount, Tracked};

/// One dump file, read.
#[derive(Clone, Debug)]
pub struct Dump {
    /// As the `inputs` table prints it.
    pub path: String,
    pub bytes: u64,
    pub document: Document,
    /// What the input room has to say.
    pub note: Option<String>,
    /// That the file changed while it was read, in words.
    pub damage: Option<String>,
}

impl Dump {
    /// Names of the formats in it, each once, in order.
    pub fn formats(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for block in &self.document.blocks {
            if !names.contains(&block.format) {
                names.push(block.format);
            }
        }
        names
    }

    /// How much was read: sockets, counters and the like.
    pub fn rows(&self) -> u64 {
        self.document.blocks.iter().map(|block| block.found.rows()).sum()
    }

    /// Lines that nothing explains, within the blocks and between them.
    pub fn unknown_lines(&self) -> u64 {
        let odd = self.document.blocks.iter().map(|block| block.found.odd.count);
        odd.sum::<u64>() + self.document.unknown_lines
    }

    /// Numbers of the first of them.
    pub fn first_unknown(&self) -> Vec<u32> {
        let odd = self.document.blocks.iter().flat_map(|block| &block.found.odd.first).map(|(line, _)| *line);
        let mut lines: Vec<u32> = odd.chain(self.document.first_unknown.iter().copied()).collect();
        lines.sort_unstable();
        lines.truncate(Odd::KEPT);
        lines
    }
}

/// Where something stands that a dump says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Among the dumps of the case.
    pub dump: u32,
    /// Among the blocks of the dump.
    pub block: u32,
    /// Among the items of one kind of the block.
    pub item: u32,
}

/// The dumps of a case, in the order of their paths as found.
#[derive(Clone, Debug, Default)]
pub struct Dumps(pub Vec<Dump>);

impl Dumps {
    /// Every item of one kind in all blocks, in the order of the files and lines.
    pub fn places(&self, items: impl Fn(&Block) -> usize) -> impl Iterator<Item = Place> {
        let number = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        self.0.iter().enumerate().flat_map(move |(dump, of)| {
            let blocks = of.document.blocks.iter().map(&items).enumerate().collect::<Vec<_>>();
            blocks.into_iter().flat_map(move |(block, items)| {
                (0..items).map(move |item| Place { dump: number(dump), block: number(block), item: number(item) })
            })
        })
    }

    /// Whether the dumps name more than one host.
    pub fn are_of_several_hosts(&self) -> bool {
        let blocks = self.0.iter().flat_map(|dump| &dump.document.blocks);
        let mut hosts = blocks.filter_map(|block| block.host.as_deref());
        hosts.next().is_some_and(|first| hosts.any(|other| other != first))
    }

    /// The dump and block that a place is in.
    pub fn block(&self, place: Place) -> Option<(&Dump, &Block)> {
        let dump = self.0.get(place.dump as usize)?;
        Some((dump, dump.document.blocks.get(place.block as usize)?))
    }

    /// The counter at a place, with its dump and block.
    pub fn counter(&self, place: Place) -> Option<(&Dump, &Block, &Counter)> {
        let (dump, block) = self.block(place)?;
        Some((dump, block, block.found.counters.get(place.item as usize)?))
    }

    /// The setting at a place, with its dump and block.
    pub fn setting(&self, place: Place) -> Option<(&Dump, &Block, &Setting)> {
        let (dump, block) = self.block(place)?;
        Some((dump, block, block.found.settings.get(place.item as usize)?))
    }

    /// The log line at a place, with its dump and block.
    pub fn log_line(&self, place: Place) -> Option<(&Dump, &Block, &LogLine)> {
        let (dump, block) = self.block(place)?;
        Some((dump, block, block.found.log_lines.get(place.item as usize)?))
    }

    /// The rule of a packet filter at a place, with its dump and block.
    pub fn rule(&self, place: Place) -> Option<(&Dump, &Block, &FirewallRule)> {
        let (dump, block) = self.block(place)?;
        Some((dump, block, block.found.rules.get(place.item as usize)?))
    }

    /// The tracked connection at a place, with its dump and block.
    pub fn tracked(&self, place: Place) -> Option<(&Dump, &Block, &Tracked)> {
        let (dump, block) = self.block(place)?;
        Some((dump, block, block.found.tracked.get(place.item as usize)?))
    }

    /// The count of a state at a place, with its dump and block.
    pub fn state_count(&self, place: Place) -> Option<(&Dump, &Block, &StateCount)> {
        let (dump, block) = self.block(place)?;
        Some((dump, block, block.found.state_counts.get(place.item as usize)?))
    }

    /// The socket at a place, with its dump and block.
    pub fn socket(&self, place: Place) -> Option<(&Dump, &Block, &Socket)> {
        let (dump, block) = self.block(place)?;
        Some((dump, block, block.found.sockets.get(place.item as usize)?))
    }
}
