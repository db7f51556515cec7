//! Every file of the corpus, cut off and with bytes changed, through its target.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use zeekwire_fuzz::{TARGETS, Target};

/// All files together stay below this.
const CORPUS_BYTES_MAX: u64 = 300 * 1024;
/// Damaged copies that are made of the files of one target, half of them cut off.
const DAMAGED_COUNT: usize = 15_000;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Files in a folder, with their names, in order.
fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(folder);
    let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let path = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("it was listed").path();
    let named = |path: PathBuf| {
        let name = path
            .file_name()
            .expect("a file in a folder")
            .to_string_lossy()
            .into_owned();
        (name, path)
    };
    let mut files: Vec<_> = entries.map(path).map(named).collect();
    files.sort();
    files
}

fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let files = files(&folder("corpus").join(target)).into_iter();
    let read = |(name, path)| (name, std::fs::read(path).expect("a file of the corpus"));
    files.map(read).collect()
}

fn target(name: &str) -> Target {
    TARGETS
        .iter()
        .find(|(known, _)| *known == name)
        .expect("a target of this name")
        .1
}

/// Runs a target, and says with what it failed.
fn run(name: &str, what: impl FnOnce() -> String, data: &[u8]) {
    let result = catch_unwind(AssertUnwindSafe(|| target(name)(data)));
    if result.is_err() {
        panic!(
            "target {name} fails with {}: {}",
            what(),
            data.escape_ascii()
        );
    }
}

/// Places in `0..len`, at most `count` and evenly spread.
fn places(len: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..len).step_by(len.div_ceil(count.max(1)).max(1))
}

/// Takes each file as it is, cut off, and with one byte changed.
fn check(name: &str) {
    const CHANGES: [u8; 5] = [0x01, 0x80, 0xff, 0x20, 0x04];
    let seeds = seeds(name);
    assert!(!seeds.is_empty(), "corpus/{name} is empty");
    let count = DAMAGED_COUNT / 2 / seeds.len();
    for (file, bytes) in &seeds {
        run(name, || file.clone(), bytes);
        for end in places(bytes.len(), count) {
            run(name, || format!("{file} cut to {end}"), &bytes[..end]);
        }
        let mut damaged = bytes.clone();
        for (turn, place) in places(bytes.len(), count).enumerate() {
            let change = CHANGES[turn % CHANGES.len()];
            damaged[place] ^= change;
            run(
                name,
                || format!("{file} at {place} by {change:#x}"),
                &damaged,
            );
            damaged[place] ^= change;
        }
    }
}

macro_rules! check_each {
    ($($name:ident)*) => {
        /// Targets that have a test here.
        const CHECKED: &[&str] = &[$(stringify!($name)),*];

        $(
            #[test]
            fn $name() {
                check(stringify!($name));
            }
        )*
    };
}

check_each! {
    broker_bin broker_json capnp_event control endpoint envelope filters fragments frames log_batch
    log_file node_mesh node_script node_stream preamble topics value_text zeek_bin
}

#[test]
fn every_target_has_a_program_a_corpus_and_a_test() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let names = |folder_name| {
        files(&folder(folder_name))
            .into_iter()
            .map(|(name, _)| name)
    };
    assert_eq!(names("corpus").collect::<BTreeSet<_>>(), targets);
    let program = |name: String| name.trim_end_matches(".rs").to_owned();
    assert_eq!(
        names("fuzz_targets").map(program).collect::<BTreeSet<_>>(),
        targets
    );
    assert_eq!(
        CHECKED
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<BTreeSet<_>>(),
        targets
    );
}

#[test]
fn the_corpus_stays_small() {
    let of_target = |(_, folder): (String, PathBuf)| files(&folder);
    let all = files(&folder("corpus")).into_iter().flat_map(of_target);
    let sizes = all.map(|(_, path)| path.metadata().expect("a file of the corpus").len());
    let bytes: u64 = sizes.sum();
    assert!(bytes <= CORPUS_BYTES_MAX, "{bytes} bytes");
}
