//! The folder of uploaded files. A file is written while it arrives, is readable only by the server's user, and is deleted as soon as its job no
//! longer needs it. The folder has a quota.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::fs::{self, DirBuilder, File, OpenOptions};
use tokio::io::AsyncWriteExt as _;
use uuid::Uuid;

use super::{Job, clean_file_name, worker};
use crate::App;
use crate::config::ImportConfig;
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::{tariff_imports as rows, tariffs as tariff_rows};

/// The path of uploads, before the job's id.
pub const PATH: &str = "/tariff-imports";
/// The ending of the uploaded files' names, with the dot.
const ENDING: &str = ".deck";
/// The ending of a lock file's name. A program keeps its lock file locked while it runs. The name begins with the program's node id.
const LOCK: &str = ".lock";
/// If a lock file is not older than this, its program may still be about to lock it.
const NEW: Duration = Duration::from_secs(60);
/// Another program's file that is older than this was left behind, even if that program still runs.
const LEFT_BEHIND: Duration = Duration::from_secs(25 * 3600);

/// The folder of uploaded files.
pub struct Spool {
    folder: PathBuf,
    /// Maximum number of bytes of all files in the folder, including files that programs left behind when they died.
    quota: u64,
    /// Maximum number of bytes of one file.
    most: u64,
    node: Uuid,
    used: AtomicU64,
    /// Number of bytes of other programs' files at the last sweep. The other programs may be running or dead.
    others: AtomicU64,
    files: Mutex<HashMap<Uuid, Spooled>>,
    /// Jobs whose files are being uploaded.
    uploading: Mutex<HashSet<Uuid>>,
    /// Locked while this program runs, so that other programs do not delete its files.
    lock: Mutex<Option<std::fs::File>>,
}

/// An uploaded file.
struct Spooled {
    path: PathBuf,
    bytes: u64,
    /// Whether the job's row does not name this node yet.
    arriving: bool,
    /// The place of the job among the jobs that were only checked, whose files may be deleted if their space is needed. The file with the highest number
    /// is deleted first. `None` for other jobs.
    spare: Option<usize>,
}

impl Spool {
    pub(super) fn new(config: &ImportConfig, node: Uuid) -> Self {
        Self {
            folder: config.folder.clone(),
            quota: config.spool_bytes,
            most: config.upload_bytes,
            node,
            used: AtomicU64::new(0),
            others: AtomicU64::new(0),
            files: Mutex::default(),
            uploading: Mutex::default(),
            lock: Mutex::default(),
        }
    }

    /// The jobs whose files are being uploaded to this node.
    fn uploading(&self) -> std::sync::MutexGuard<'_, HashSet<Uuid>> {
        self.uploading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn files(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Spooled>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The path of a job's file; `None` if this node does not have it.
    pub(super) fn path(&self, job: Uuid) -> Option<PathBuf> {
        self.files().get(&job).map(|file| file.path.clone())
    }

    /// Whether this node has no uploaded file.
    pub(super) fn is_empty(&self) -> bool {
        self.files().is_empty()
    }

    /// Sets which files may be deleted if their space is needed: the files of these jobs, beginning with the last job, and no others.
    pub(super) fn set_spare(&self, jobs: impl Iterator<Item = Uuid>) {
        let places: HashMap<Uuid, usize> = jobs.enumerate().map(|(place, id)| (id, place)).collect();
        for (id, file) in self.files().iter_mut() {
            file.spare = places.get(id).copied();
        }
    }

    /// Deletes the spare file that comes last. Returns false if there is no spare file.
    fn delete_spare(&self) -> bool {
        let file = {
            let mut files = self.files();
            let places = files.iter().filter_map(|(id, file)| Some((file.spare?, *id)));
            let last = places.max().map(|(_, id)| id);
            last.and_then(|id| files.remove(&id))
        };
        let Some(file) = file else { return false };
        remove_now(&file.path);
        self.used.fetch_sub(file.bytes, Ordering::Relaxed);
        true
    }

    /// The jobs whose files this node has, with the paths of the files, except files that are just arriving.
    pub(super) fn settled(&self) -> Vec<(Uuid, PathBuf)> {
        let files = self.files();
        files.iter().filter(|(_, file)| !file.arriving).map(|(id, file)| (*id, file.path.clone())).collect()
    }

    /// Deletes these files of jobs. If a job has got another file meanwhile, that file is kept.
    pub(super) async fn delete(&self, files_of_jobs: &[(Uuid, PathBuf)]) {
        let gone: Vec<Spooled> = {
            let mut files = self.files();
            let mut take = |(id, path): &(Uuid, PathBuf)| {
                files.get(id).is_some_and(|file| file.path == *path).then(|| files.remove(id)).flatten()
            };
            files_of_jobs.iter().filter_map(&mut take).collect()
        };
        for file in gone {
            remove(&file.path).await;
            self.used.fetch_sub(file.bytes, Ordering::Relaxed);
        }
    }

    /// Deletes the files of other programs that have died, and very old files, and counts the bytes of the other programs' remaining files.
    ///
    /// # Errors
    /// Fails if the folder cannot be read.
    pub async fn sweep(&self) -> Result<()> {
        let mut entries = match fs::read_dir(&self.folder).await {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            entries => entries.or_fault()?,
        };
        let own = self.node.simple().to_string();
        let mut others = 0;
        let mut dead: HashMap<String, bool> = HashMap::new();
        while let Some(entry) = entries.next_entry().await.or_fault()? {
            let name = entry.file_name();
            // this program's own files are never too old, because a job that asks several questions may need its file for longer
            let Some(name) = name.to_str().filter(|name| !name.starts_with(&own)) else { continue };
            // the file may have been deleted meanwhile
            let Ok(data) = entry.metadata().await else { continue };
            let age = data.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
            if let Some(node) = name.strip_suffix(LOCK) {
                // the program may just have created a new file, and not have locked it yet
                if age.is_some_and(|age| age > NEW) {
                    dead.entry(node.to_owned()).or_insert_with(|| self.has_died(node));
                }
                continue;
            }
            if !name.ends_with(ENDING) {
                continue;
            }
            let node = name.split('-').next().unwrap_or_default();
            let is_dead = *dead.entry(node.to_owned()).or_insert_with(|| self.has_died(node));
            if is_dead || age.is_some_and(|age| age > LEFT_BEHIND) {
                remove(&entry.path()).await;
            } else {
                others += data.len();
            }
        }
        self.others.store(others, Ordering::Relaxed);
        for (node, _) in dead.iter().filter(|(_, is_dead)| **is_dead) {
            remove(&self.folder.join(format!("{node}{LOCK}"))).await;
        }
        Ok(())
    }

    /// Whether the program with this node id has stopped. If it has, the operating system has released its lock. The lock is tested without waiting.
    fn has_died(&self, node: &str) -> bool {
        let lock = std::fs::File::open(self.folder.join(format!("{node}{LOCK}")));
        lock.is_ok_and(|lock| lock.try_lock().is_ok())
    }

    /// Creates and locks this program's lock file, unless this was done before.
    fn lock(&self) -> Result<()> {
        let mut held = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_none() {
            let path = self.folder.join(format!("{}{LOCK}", self.node.simple()));
            let file = std::fs::File::create(path).or_fault()?;
            file.try_lock().or_fault()?;
            *held = Some(file);
        }
        Ok(())
    }

    /// Deletes the lock file when the program ends.
    pub(super) async fn unlock(&self) {
        let held = self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        if held.is_some() {
            remove(&self.folder.join(format!("{}{LOCK}", self.node.simple()))).await;
        }
    }

    /// Whether this many more bytes fit into the quota, possibly after spare files are deleted.
    fn fits(&self, bytes: u64) -> bool {
        let spare: u64 =
            self.files().values().filter(|file| file.spare.is_some()).map(|file| file.bytes).sum();
        let (used, others) = (self.used.load(Ordering::Relaxed), self.others.load(Ordering::Relaxed));
        used.saturating_sub(spare).saturating_add(others).saturating_add(bytes) <= self.quota
    }

    /// Counts more bytes of a file toward the quota. If the quota is used up, deletes spare files; fails with `OVERLOADED` if that would not help.
    fn reserve(&self, bytes: u64) -> Result<()> {
        loop {
            let used = self.used.fetch_add(bytes, Ordering::Relaxed);
            let others = self.others.load(Ordering::Relaxed);
            if used.saturating_add(others).saturating_add(bytes) <= self.quota {
                return Ok(());
            }
            self.used.fetch_sub(bytes, Ordering::Relaxed);
            if !self.fits(bytes) || !self.delete_spare() {
                return Err(full());
            }
        }
    }

    async fn create(&self, job: Uuid) -> Result<(PathBuf, File)> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).await.or_fault()?;
        self.lock()?;
        let name = format!("{}-{}-{}{ENDING}", self.node.simple(), job.simple(), Uuid::new_v4().simple());
        let path = self.folder.join(name);
        let file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).await.or_fault()?;
        Ok((path, file))
    }
}

async fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path).await
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, file = %path.display(), "an uploaded file could not be deleted");
    }
}

/// Deletes a file, and blocks the thread meanwhile. Removing a file's name takes so little time that blocking is acceptable.
fn remove_now(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!(%error, file = %path.display(), "an uploaded file could not be deleted");
    }
}

/// A file that is being uploaded. If the value is dropped before [`Upload::finish`], the file is deleted.
pub struct Upload {
    spool: Arc<Spool>,
    job: Uuid,
    path: PathBuf,
    file: Option<File>,
    bytes: u64,
    hash: Sha256,
    /// The hash that the file must have, in hexadecimal; `None` if any file is accepted.
    sha256: Option<String>,
    name: Option<String>,
}

/// Admits an upload if it has the signature that [`super::upload_path`] put into its address. The signature is the proof of access.
///
/// # Errors
/// Fails with `FORBIDDEN` for a wrong signature, with `ILLEGAL_STATE` if the job waits for no file or the address has expired, with `OVERLOADED` if a
/// file is already being uploaded for the job or this node still works on the job's former file, and with `NOT_FOUND` if the job does not exist.
pub async fn admit(app: &App, job: Uuid, until: i64, signature: &str) -> Result<Upload> {
    let expected = app.identities.upload_code(job, until)?;
    if !bool::from(expected.as_bytes().ct_eq(signature.as_bytes())) {
        return Err(Error::Forbidden);
    }
    waiting(app, job, until).await?;
    let spool = app.imports.spool.clone();
    // a job has at most one upload at a time; otherwise, one signed address could use up the quota
    if !spool.uploading().insert(job) {
        return Err(Error::Overloaded("the import's file is already being uploaded"));
    }
    let mut upload = Upload {
        spool,
        job,
        path: PathBuf::new(),
        file: None,
        bytes: 0,
        hash: Sha256::new(),
        sha256: None,
        name: None,
    };
    worker::leave(app, job).await?;
    // another upload, or another node, may have changed the job before this upload was noted
    upload.sha256 = waiting(app, job, until).await?.input.sha256;
    if upload.spool.others.load(Ordering::Relaxed) > 0 {
        upload.spool.sweep().await?;
    }
    let (path, file) = upload.spool.create(job).await?;
    (upload.path, upload.file) = (path, Some(file));
    Ok(upload)
}

/// The job, if it waits for a file and the address has not expired.
async fn waiting(app: &App, job: Uuid, until: i64) -> Result<Job> {
    let found = find(app, job).await?;
    let now = app.clock.now();
    if !found.wants_file() || found.row.expires_at <= now || until <= now.timestamp() {
        return Err(not_waiting());
    }
    Ok(found)
}

/// Finds a job without an access check. The id must come from a signature or from this node's own work.
pub(super) async fn find(app: &App, id: Uuid) -> Result<Job> {
    let row = rows::by_id(app.store.reader(), id).await?.ok_or(Error::NotFound)?;
    let tariff = tariff_rows::by_id(app.store.reader(), row.tariff_id).await?.ok_or(Error::NotFound)?;
    Job::of(tariff, row)
}

impl Upload {
    /// Sets the file's name, which replaces the name that was given when the job was created. A bad name is ignored, because the file matters more.
    pub fn set_name(&mut self, name: &str) {
        self.name = clean_file_name(name).ok();
    }

    /// Checks the announced size of the file, before the file arrives.
    ///
    /// # Errors
    /// See [`Upload::write`].
    pub fn announce(&self, bytes: u64) -> Result<()> {
        self.check_size(bytes)?;
        if self.spool.fits(bytes) { Ok(()) } else { Err(full()) }
    }

    fn check_size(&self, bytes: u64) -> Result<()> {
        if bytes <= self.spool.most {
            return Ok(());
        }
        let message = base::message!("The file has more than {max} bytes.", max = self.spool.most);
        Err(Error::invalid("file", message))
    }

    /// Appends a part of the file.
    ///
    /// # Errors
    /// Fails with `INVALID_INPUT` for a file that is too large, and with `OVERLOADED` if the folder's quota is used up.
    pub async fn write(&mut self, part: &[u8]) -> Result<()> {
        let bytes = u64::try_from(part.len()).or_fault()?;
        self.check_size(self.bytes.saturating_add(bytes))?;
        self.spool.reserve(bytes)?;
        self.bytes += bytes;
        self.hash.update(part);
        let file = self.file.as_mut().ok_or_else(|| Error::fault("the upload has ended"))?;
        file.write_all(part).await.or_fault()
    }

    /// Gives the complete file to the job, and returns the job.
    ///
    /// # Errors
    /// Fails with `INVALID_INPUT` if the file does not have the hash that the job requires, with `ILLEGAL_STATE` if the job no longer waits for a file,
    /// and with `OVERLOADED` if the server still has the job's former file.
    pub async fn finish(mut self, app: &App) -> Result<Job> {
        self.check_hash()?;
        let mut file = self.file.take().ok_or_else(|| Error::fault("the upload has ended"))?;
        file.flush().await.or_fault()?;
        drop(file);
        let (job, node, now) = (self.job, app.imports.node, app.clock.now());
        if !self.arrive() {
            return Err(Error::Overloaded("the server is about to delete the import's former file"));
        }
        let name = self.name.as_deref();
        let taken = app.store.write(|tx| async move { rows::take(&tx, job, (node, name), now).await }).await;
        let is_taken = matches!(taken, Ok(true));
        self.settle(is_taken);
        if taken? {
            // the job is found before it is worked on, because a short file is read at once
            let found = find(app, job).await;
            app.imports.wake.notify_one();
            return found;
        }
        Err(not_waiting())
    }

    fn check_hash(&mut self) -> Result<()> {
        let Some(expected) = &self.sha256 else { return Ok(()) };
        let hash: String = self.hash.finalize_reset().iter().map(|byte| format!("{byte:02x}")).collect();
        if hash == *expected {
            return Ok(());
        }
        let message = "This is not the file that `sha256` names. Upload that file, or create another import.";
        Err(Error::invalid("file", message))
    }

    /// Adds the file to the list of uploaded files. Returns false if the list already has a file for the job.
    fn arrive(&self) -> bool {
        let mut files = self.spool.files();
        if files.contains_key(&self.job) {
            return false;
        }
        let (path, bytes) = (self.path.clone(), self.bytes);
        files.insert(self.job, Spooled { path, bytes, arriving: true, spare: None });
        true
    }

    /// Keeps the file for the job if `is_taken` is true; otherwise, removes the file from the list again.
    fn settle(&mut self, is_taken: bool) {
        let mut files = self.spool.files();
        if !is_taken {
            files.remove(&self.job);
            return;
        }
        if let Some(file) = files.get_mut(&self.job) {
            file.arriving = false;
        }
        // the list owns the file now
        self.path = PathBuf::new();
    }
}

fn full() -> Error {
    Error::Overloaded("too many files are waiting to be imported")
}

fn not_waiting() -> Error {
    Error::user(ErrorCode::IllegalState, "The import does not wait for a file.")
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.spool.uploading().remove(&self.job);
        if self.path.as_os_str().is_empty() {
            return;
        }
        self.spool.used.fetch_sub(self.bytes, Ordering::Relaxed);
        remove_now(&std::mem::take(&mut self.path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_files_of_other_programs_count_until_these_programs_die() {
        let folder = std::env::temp_dir().join(format!("callshop-spool-{}", Uuid::new_v4().simple()));
        let spool = |node| Spool {
            folder: folder.clone(),
            quota: 100,
            most: 100,
            node: Uuid::from_u128(node),
            used: AtomicU64::new(0),
            others: AtomicU64::new(0),
            files: Mutex::default(),
            uploading: Mutex::default(),
            lock: Mutex::default(),
        };
        let dead = spool(1);
        let (left, mut file) = dead.create(Uuid::from_u128(7)).await.expect("a file");
        file.write_all(&[b'x'; 60]).await.expect("it is written");
        file.flush().await.expect("it is written");
        let next = spool(2);
        next.sweep().await.expect("it is read");
        assert!(matches!(next.reserve(41), Err(Error::Overloaded(_))));
        next.reserve(40).expect("it fits");
        // a program's own files are counted while they arrive
        let (_, mut own) = next.create(Uuid::from_u128(8)).await.expect("a file");
        own.write_all(&[b'x'; 40]).await.expect("it is written");
        own.flush().await.expect("it is written");
        assert!(left.exists(), "the other program still runs");
        drop(dead);
        next.sweep().await.expect("it is read");
        assert!(!left.exists());
        next.reserve(60).expect("the other file is gone");
        assert!(next.reserve(1).is_err());
        // a spare file makes room, and a file that a job needs does not
        let bytes = 60;
        let kept = next.create(Uuid::from_u128(9)).await.expect("a file").0;
        let spooled = |path: &Path| Spooled { path: path.to_owned(), bytes, arriving: false, spare: None };
        next.files().insert(Uuid::from_u128(9), spooled(&kept));
        assert!(next.reserve(1).is_err() && kept.exists());
        next.set_spare([Uuid::from_u128(9)].into_iter());
        next.reserve(bytes).expect("the spare file is deleted");
        assert!(!kept.exists() && next.path(Uuid::from_u128(9)).is_none());
        assert!(next.reserve(1).is_err());
        fs::remove_dir_all(&folder).await.expect("it is removed");
    }
}
