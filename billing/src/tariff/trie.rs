//! A digit trie, which finds the longest prefix of a number.

use std::mem::size_of;

/// Marks a trie node at which no entry ends.
const NO_ENTRY: u32 = u32::MAX;

/// A trie node of twelve bytes. The trie node has a bit for each digit that has a child, the index of the first child (the other children follow it),
/// and the entry that ends at the node.
#[derive(Clone, Copy, Debug)]
struct Node {
    children: u32,
    entry: u32,
    digits: u16,
}

/// A digit trie over sorted, distinct keys, stored level by level in one array, so that a lookup reads one node per digit.
#[derive(Clone, Debug)]
pub(super) struct Trie {
    nodes: Box<[Node]>,
}

impl Trie {
    /// `key(index)` returns the digits of entry `index`; the keys must be in ascending order.
    pub(super) fn build<'a>(entries: usize, key: impl Fn(usize) -> &'a [u8]) -> Trie {
        let mut nodes = vec![Node { children: 0, entry: NO_ENTRY, digits: 0 }];
        // parallel to `nodes`: the range of the entries below each node, and the node's depth
        let mut spans = vec![(0usize, entries, 0usize)];
        let mut at = 0;
        while at < nodes.len() {
            let (mut first, end, depth) = spans[at];
            if first < end && key(first).len() == depth {
                nodes[at].entry = first as u32;
                first += 1;
            }
            nodes[at].children = nodes.len() as u32;
            while first < end {
                let digit = key(first)[depth];
                let mut next = first + 1;
                while next < end && key(next)[depth] == digit {
                    next += 1;
                }
                nodes[at].digits |= 1 << (digit - b'0');
                nodes.push(Node { children: 0, entry: NO_ENTRY, digits: 0 });
                spans.push((first, next, depth + 1));
                first = next;
            }
            at += 1;
        }
        Trie { nodes: nodes.into_boxed_slice() }
    }

    /// The entry with the longest key that is a prefix of `text`. A character that is not a digit ends the lookup.
    pub(super) fn longest(&self, text: &str) -> Option<usize> {
        let mut node = self.nodes[0];
        let mut found = node.entry;
        for byte in text.bytes() {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 || node.digits & (1 << digit) == 0 {
                break;
            }
            let before = (node.digits & ((1 << digit) - 1)).count_ones();
            node = self.nodes[(node.children + before) as usize];
            if node.entry != NO_ENTRY {
                found = node.entry;
            }
        }
        (found != NO_ENTRY).then_some(found as usize)
    }

    pub(super) fn size_bytes(&self) -> usize {
        self.nodes.len() * size_of::<Node>()
    }
}
