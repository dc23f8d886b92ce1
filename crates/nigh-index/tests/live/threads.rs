//! Threads that write, search and compact at the same time.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use nigh_index::{Codec, LiveIndex, Metric};

use crate::support::{Random, clustered};
use crate::{CODED, Folder, Model, all_of, expected, model_of, vectors};

/// What is replaced over and over, among newer rows and those of a segment, is found once by every search.
#[test]
fn no_search_misses_or_doubles_a_row_that_is_replaced() {
    const LABELS: usize = 300;
    for (lists, codec) in [(0, Codec::F32), (12, Codec::F32), (12, CODED)] {
        let (folder, dim) = (Folder::new(), 8);
        let model = model_of(&clustered(LABELS, dim, 9, 1), dim);
        let index = LiveIndex::open(folder.built(&vectors(dim, Metric::L2, &model), lists, codec));
        let (over, searches) = (AtomicBool::new(false), AtomicUsize::new(0));
        thread::scope(|scope| {
            let searching = || {
                while !over.load(Ordering::Relaxed) {
                    let mut labels: Vec<u64> = all_of(&index).iter().map(|n| n.label).collect();
                    labels.sort_unstable();
                    assert_eq!(labels, (0..LABELS as u64).collect::<Vec<_>>());
                    searches.fetch_add(1, Ordering::Relaxed);
                }
            };
            let threads = [scope.spawn(searching), scope.spawn(searching)];
            let compacting = scope.spawn(|| {
                for _ in 0..3 {
                    index.compact(&folder.next(), 2).unwrap();
                }
            });
            let (mut random, mut written) = (Random(5), 0);
            let wanted = |written| written < 30_000 || searches.load(Ordering::Relaxed) < 200;
            while (wanted(written) || !compacting.is_finished())
                && !threads.iter().any(|thread| thread.is_finished())
            {
                let label = (random.unit() * LABELS as f32) as u64;
                let row: Vec<f32> = (0..dim).map(|_| random.normal()).collect();
                index.add(label, &row).unwrap();
                written += 1;
            }
            over.store(true, Ordering::Relaxed);
        });
        for label in 0..20 * LABELS as u64 {
            index
                .add(label % LABELS as u64, &[label as f32; 8])
                .unwrap();
        }
        assert!(index.held() < 10_000, "{} rows are held", index.held());
    }
}

#[test]
fn nothing_written_during_a_compaction_is_lost() {
    for (lists, codec) in [(0, Codec::F32), (20, Codec::F32), (20, CODED)] {
        let (folder, dim, metric) = (Folder::new(), 16, Metric::Cosine);
        let model = model_of(&clustered(4000, dim, 20, 1), dim);
        let index = LiveIndex::open(folder.built(&vectors(dim, metric, &model), lists, codec));
        let over = AtomicBool::new(false);
        let (index_ref, over_ref) = (&index, &over);
        // Each writes only labels of its own: the even and the odd ones.
        let write = |own: u64| {
            let mut mine: Model = model.clone();
            mine.retain(|label, _| label % 2 == own);
            move || {
                let mut random = Random(own as u32 + 3);
                while !over_ref.load(Ordering::Relaxed) {
                    let label = 2 * (random.unit() * 4000.0) as u64 + own;
                    if random.unit() < 0.6 {
                        let row: Vec<f32> = (0..dim).map(|_| random.normal()).collect();
                        index_ref.add(label, &row).unwrap();
                        mine.insert(label, row);
                    } else {
                        assert_eq!(index_ref.delete(label), mine.remove(&label).is_some());
                    }
                }
                mine
            }
        };
        let mut merged = thread::scope(|scope| {
            let writers = [scope.spawn(write(0)), scope.spawn(write(1))];
            for _ in 0..4 {
                index.compact(&folder.next(), 2).unwrap();
            }
            over.store(true, Ordering::Relaxed);
            let [mut even, odd] = writers.map(|writer| writer.join().unwrap());
            even.extend(odd);
            even
        });
        assert_eq!(all_of(&index), expected(&merged, dim, metric));
        index.compact(&folder.next(), 3).unwrap();
        assert_eq!(all_of(&index), expected(&merged, dim, metric));
        index.add(7, &[1.0; 16]).unwrap();
        merged.insert(7, vec![1.0; 16]);
        assert_eq!(all_of(&index), expected(&merged, dim, metric));
    }
}
