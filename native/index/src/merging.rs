//! Which segments are merged?

use std::collections::HashMap;

use tantivy::index::{SegmentId, SegmentMeta};
use tantivy::indexer::{LogMergePolicy, MergeCandidate, MergePolicy};

/// How many each segment has.
type Events = HashMap<SegmentId, usize>;

/// What a merge takes for each event of its segments, besides what it reads: 27 were measured.
const BYTES_PER_EVENT: usize = 32;
/// A merge may take as much in any case, if its writer does: the memory of days that have the least.
const LEAST_BYTES: usize = 15 << 20;
/// So many of about one size are merged: with fewer, every event is written more often.
const SEGMENTS_OF_A_SIZE: usize = 6;

/// Segments of about one size, as many as half of the writer's memory is enough for, or all where it has little.
#[derive(Debug)]
pub struct Bounded {
    by_size: LogMergePolicy,
    most_events: usize,
}

impl Bounded {
    pub fn new(memory_bytes: usize) -> Self {
        let most_events = (memory_bytes / 2).max(LEAST_BYTES.min(memory_bytes)) / BYTES_PER_EVENT;
        let mut by_size = LogMergePolicy::default();
        by_size.set_min_num_segments(SEGMENTS_OF_A_SIZE);
        by_size.set_max_docs_before_merge(most_events);
        Self { by_size, most_events }
    }

    /// The last ones, as many as fit into a segment; None when no two do.
    fn fitting(&self, mut ids: Vec<SegmentId>, events: &Events) -> Option<MergeCandidate> {
        let mut together = 0;
        let fits = |id: &&SegmentId| {
            together += events[*id];
            together <= self.most_events
        };
        let count = ids.iter().rev().take_while(fits).count();
        (count > 1).then(|| MergeCandidate(ids.split_off(ids.len() - count)))
    }
}

impl MergePolicy for Bounded {
    fn compute_merge_candidates(&self, segments: &[SegmentMeta]) -> Vec<MergeCandidate> {
        let events = segments.iter().map(|one| (one.id(), one.num_docs() as usize)).collect();
        let candidates = self.by_size.compute_merge_candidates(segments);
        candidates.into_iter().filter_map(|one| self.fitting(one.0, &events)).collect()
    }
}
