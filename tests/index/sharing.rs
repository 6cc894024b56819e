//! Several at once: other handles, threads and processes.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use holotype::index::{Bypass, IndexAnswer, IndexError, IndexMode, Policy, drop_index, open, rebuild};
use holotype::store::{LockMode, RealVfs, Vfs};

use crate::bench::{Bench, answers, bench, reopen, steps};

/// Names the folder that [`a_lock_is_held_for_another_process`] locks.
const FOLDER: &str = "HOLOTYPE_TEST_LOCK_FOLDER";

fn is_locked(bench: &Bench) -> bool {
    let answer = open(bench.repo.store(), bench.repo.head().unwrap(), IndexMode::Keep);
    matches!(answer, IndexAnswer::Bypassed(Bypass::Locked))
}

#[test]
fn an_index_in_use_is_bypassed() {
    let bench = bench("a", &steps(9));
    let index = bench.index();
    assert!(is_locked(&bench));
    assert!(!bench.check());
    let head = bench.repo.head().unwrap();
    assert!(matches!(
        rebuild(bench.repo.store(), head),
        Err(IndexError::Locked { .. })
    ));
    assert!(matches!(
        drop_index(bench.repo.store()),
        Err(IndexError::Locked { .. })
    ));
    index.close().unwrap();
    bench.check_indexed();
}

/// Does nothing unless another test starts it as a process of its own.
#[test]
fn a_lock_is_held_for_another_process() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        assert!(std::env::var_os(FOLDER).is_none());
        return;
    };
    let lock = RealVfs.lock(folder.as_ref(), LockMode::TryExclusive).unwrap();
    println!("\nlocked");
    std::io::stdout().flush().unwrap();
    let mut line = String::new();
    assert_eq!(std::io::stdin().read_line(&mut line).unwrap(), 0);
    drop(lock);
}

#[test]
fn an_index_in_use_by_another_process_is_bypassed() {
    let bench = bench("a", &steps(9));
    bench.fill();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "sharing::a_lock_is_held_for_another_process",
            "--exact",
            "--nocapture",
        ])
        .env(FOLDER, bench.index_dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "locked"));
    assert!(is_locked(&bench));
    assert!(!bench.check());
    child.kill().unwrap();
    child.wait().unwrap();
    bench.check_indexed();
}

#[test]
fn k11_two_at_once_both_get_right_answers() {
    let bench = bench("a", &steps(12));
    let head = bench.repo.head().unwrap();
    let (expected, _) = answers(&bench.repo, head, Policy::Never);
    let dir = bench.dir.path();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..4 {
                        let (found, _) = answers(&reopen(dir), head, Policy::Always);
                        assert_eq!(found, expected);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
    bench.check_indexed();
}

#[test]
fn an_index_whose_folder_vanished_under_it_does_no_harm() {
    let bench = bench("a", &steps(9));
    let old = bench.index();
    std::fs::remove_dir_all(bench.index_dir()).unwrap();
    bench.check_indexed();
    // It may seal what stands there now or fail; either way the next answers are right.
    let _ = old.close();
    assert!(bench.check());
}

#[test]
fn a_dropped_index_is_gone_and_a_rebuilt_one_is_counted() {
    let bench = bench("a", &steps(9));
    let stats = rebuild(bench.repo.store(), bench.repo.head().unwrap()).unwrap();
    assert_eq!(stats.commits, 9);
    assert_eq!(drop_index(bench.repo.store()).unwrap(), stats.size_bytes);
    assert_eq!(crate::bench::files(&bench.index_dir()).len(), 0);
    bench.check_indexed();
}
