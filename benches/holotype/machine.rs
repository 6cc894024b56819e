//! What the machine says of itself; nothing that names it.

use std::fs;
use std::path::Path;

/// Describes processor, cores, memory, file system and disk in one line.
pub(crate) fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .map_or_else(
            || "unknown memory".to_owned(),
            |kib| format!("{:.0} GiB of memory", kib_to_gib(kib)),
        );
    format!("{processor}, {cores} cores, {memory}, {}", disk())
}

fn kib_to_gib(kib: u64) -> f64 {
    f64::from(u32::try_from(kib >> 10).unwrap_or(u32::MAX)) / 1024.0
}

/// Returns the value of the first line `name : value`.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Describes the disk that holds the bench's folder.
fn disk() -> String {
    let here = fs::canonicalize(env!("CARGO_TARGET_TMPDIR")).unwrap_or_default();
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let found = mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            let (device, point, kind) = (words.next()?, words.next()?, words.next()?);
            here.starts_with(point).then_some((point.len(), device, kind))
        })
        .max_by_key(|(length, ..)| *length);
    let Some((_, device, kind)) = found else {
        return "unknown disk".to_owned();
    };
    let name = device.trim_start_matches("/dev/");
    let block = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let spins = [name, block].iter().find_map(|name| {
        fs::read_to_string(Path::new("/sys/block").join(name).join("queue/rotational")).ok()
    });
    let disk = match (name.starts_with("vd"), spins.as_deref().map(str::trim)) {
        (true, _) => "a virtual disk",
        (_, Some("0")) => "a solid-state disk",
        (_, Some(_)) => "a rotating disk",
        (_, None) => "an unknown disk",
    };
    format!("{kind} on {disk}")
}
