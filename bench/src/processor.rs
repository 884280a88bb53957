//! Processor time: what the server, the load and the database each take of an event, whatever else the machine does meanwhile.

use std::time::Duration;

use crate::Result;

/// Ticks of processor time in a second, in `/proc` of every Linux.
const TICKS: u32 = 100;

/// Processor time of a step, or what it comes to for one event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Processor {
    /// Of the server's threads; on SQLite the database is among it.
    pub server: Duration,
    /// Of the thread that sends the load.
    pub load: Duration,
    /// Of the database's processes.
    pub database: Duration,
}

impl Processor {
    /// What was taken so far; `database` is the first process of the database's server, if it has one. Called by the thread that sends the load.
    pub fn now(database: Option<u32>) -> Result<Self> {
        let load = spent("thread-self", &OWN)?;
        let all = spent("self", &OWN)?;
        let database = database.map(of_server).transpose()?.unwrap_or_default();
        Ok(Self { server: all.saturating_sub(load), load, database })
    }

    /// What was taken since an earlier instant.
    pub fn since(self, before: Self) -> Self {
        Self {
            server: self.server.saturating_sub(before.server),
            load: self.load.saturating_sub(before.load),
            database: self.database.saturating_sub(before.database),
        }
    }

    /// Both.
    pub fn and(self, other: Self) -> Self {
        Self {
            server: self.server + other.server,
            load: self.load + other.load,
            database: self.database + other.database,
        }
    }

    /// The share of one of so many events.
    pub fn of_one(self, events: u32) -> Self {
        let events = events.max(1);
        Self { server: self.server / events, load: self.load / events, database: self.database / events }
    }
}

/// Places in `/proc/…/stat` behind the name (proc(5)): the parent, and the times in user and in kernel mode.
const PARENT: usize = 1;
/// Of the process itself.
const OWN: [usize; 2] = [11, 12];
/// With those of its children that have ended.
const WITH_ENDED: [usize; 4] = [11, 12, 13, 14];

/// A server that has a process for each of its connections: itself, those that ended and those that are there.
fn of_server(first: u32) -> Result<Duration> {
    let mut sum = spent(&first.to_string(), &WITH_ENDED)?;
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let name = entry.file_name();
        let Some(process) = name.to_str().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        else {
            continue;
        };
        // one that ends just now is counted with those that ended
        let Ok(stat) = Stat::of(process) else { continue };
        if stat.number(PARENT).is_ok_and(|parent| parent == first) {
            sum += stat.time(&OWN)?;
        }
    }
    Ok(sum)
}

fn spent(process: &str, times: &[usize]) -> Result<Duration> {
    Stat::of(process)?.time(times)
}

/// The fields of `/proc/…/stat` behind the name, which may have blanks and brackets in it.
struct Stat(Vec<String>);

impl Stat {
    fn of(process: &str) -> Result<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        Ok(Self(fields.map(str::to_owned).collect()))
    }

    fn number(&self, field: usize) -> Result<u32> {
        Ok(self.0.get(field).ok_or("/proc/…/stat has too few fields")?.parse()?)
    }

    fn time(&self, fields: &[usize]) -> Result<Duration> {
        let ticks = fields.iter().map(|field| self.number(*field)).sum::<Result<u32>>()?;
        Ok(Duration::from_secs(ticks.into()) / TICKS)
    }
}
