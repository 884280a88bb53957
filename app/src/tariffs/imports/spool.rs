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

use super::Job;
use crate::App;
use crate::config::ImportConfig;
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::{tariff_imports as rows, tariffs as tariff_rows};

/// The path of uploads, before the job's id.
pub const PATH: &str = "/tariff-imports";
/// The ending of the uploaded files' names, with the dot.
const ENDING: &str = ".deck";
/// Another program's file that is older than this was left behind when that program died.
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
}

/// An uploaded file.
struct Spooled {
    path: PathBuf,
    bytes: u64,
    /// Whether the job's row does not name this node yet.
    arriving: bool,
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

    /// Deletes the files of all jobs except these jobs. A file that is just arriving is kept.
    pub(super) async fn keep(&self, jobs: &HashSet<Uuid>) {
        let gone: Vec<Spooled> = {
            let mut files = self.files();
            let ids: Vec<Uuid> = files.keys().copied().collect();
            let ids = ids.into_iter().filter(|id| !jobs.contains(id));
            let ids: Vec<Uuid> = ids.filter(|id| files.get(id).is_some_and(|file| !file.arriving)).collect();
            ids.iter().filter_map(|id| files.remove(id)).collect()
        };
        for file in gone {
            remove(&file.path).await;
            self.used.fetch_sub(file.bytes, Ordering::Relaxed);
        }
    }

    /// Deletes old files of other programs, which left these files behind when they died, and counts the bytes of the other programs' newer files.
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
        while let Some(entry) = entries.next_entry().await.or_fault()? {
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| name.ends_with(ENDING)) else { continue };
            // this program's own files are never too old, because a job that asks several questions may need its file for longer
            if name.starts_with(&own) {
                continue;
            }
            // the file may have been deleted meanwhile
            let Ok(data) = entry.metadata().await else { continue };
            let age = data.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
            if age.is_some_and(|age| age > LEFT_BEHIND) {
                remove(&entry.path()).await;
            } else {
                others += data.len();
            }
        }
        self.others.store(others, Ordering::Relaxed);
        Ok(())
    }

    /// Counts more bytes of a file toward the quota. Fails with `OVERLOADED` if the quota is used up.
    fn reserve(&self, bytes: u64) -> Result<()> {
        let used = self.used.fetch_add(bytes, Ordering::Relaxed);
        let others = self.others.load(Ordering::Relaxed);
        if used.saturating_add(others).saturating_add(bytes) <= self.quota {
            return Ok(());
        }
        self.used.fetch_sub(bytes, Ordering::Relaxed);
        Err(Error::Overloaded("too many files wait to be imported"))
    }

    async fn create(&self, job: Uuid) -> Result<(PathBuf, File)> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).await.or_fault()?;
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
}

/// Admits an upload if it has the signature that [`super::upload_path`] put into its address. The signature is the proof of access.
///
/// # Errors
/// Fails with `FORBIDDEN` for a wrong signature, with `ILLEGAL_STATE` if the job waits for no file or the address has expired, with `OVERLOADED` if a
/// file is already being uploaded for the job, and with `NOT_FOUND` if the job does not exist.
pub async fn admit(app: &App, job: Uuid, until: i64, signature: &str) -> Result<Upload> {
    let expected = app.identities.upload_code(job, until)?;
    if !bool::from(expected.as_bytes().ct_eq(signature.as_bytes())) {
        return Err(Error::Forbidden);
    }
    let found = find(app, job).await?;
    let now = app.clock.now();
    if !found.wants_file() || found.row.expires_at <= now || until <= now.timestamp() {
        return Err(not_waiting());
    }
    let spool = app.imports.spool.clone();
    // otherwise, one signed address could use up the quota
    if !spool.uploading().insert(job) {
        return Err(Error::Overloaded("the import's file is being uploaded already"));
    }
    let mut upload = Upload {
        spool,
        job,
        path: PathBuf::new(),
        file: None,
        bytes: 0,
        hash: Sha256::new(),
        sha256: found.input.sha256,
    };
    if upload.spool.others.load(Ordering::Relaxed) > 0 {
        upload.spool.sweep().await?;
    }
    let (path, file) = upload.spool.create(job).await?;
    (upload.path, upload.file) = (path, Some(file));
    Ok(upload)
}

/// Finds a job without an access check. The id must come from a signature or from this node's own work.
pub(super) async fn find(app: &App, id: Uuid) -> Result<Job> {
    let row = rows::by_id(app.store.reader(), id).await?.ok_or(Error::NotFound)?;
    let tariff = tariff_rows::by_id(app.store.reader(), row.tariff_id).await?.ok_or(Error::NotFound)?;
    Job::of(tariff, row)
}

impl Upload {
    /// Checks the announced size of the file, before the file arrives.
    ///
    /// # Errors
    /// See [`Upload::write`].
    pub fn announce(&self, bytes: u64) -> Result<()> {
        self.check_size(bytes)?;
        self.spool.reserve(bytes)?;
        self.spool.used.fetch_sub(bytes, Ordering::Relaxed);
        Ok(())
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
    /// Fails with `INVALID_INPUT` if the file does not have the hash that the job requires, and with `ILLEGAL_STATE` if the job no longer waits for a
    /// file.
    pub async fn finish(mut self, app: &App) -> Result<Job> {
        self.check_hash()?;
        let mut file = self.file.take().ok_or_else(|| Error::fault("the upload has ended"))?;
        file.flush().await.or_fault()?;
        drop(file);
        let (job, node, now) = (self.job, app.imports.node, app.clock.now());
        if !self.arrive() {
            return Err(not_waiting());
        }
        let taken = app.store.write(|tx| async move { rows::take(tx.conn(), job, node, now).await }).await;
        let is_taken = matches!(taken, Ok(true));
        self.settle(is_taken);
        if taken? {
            app.imports.wake.notify_one();
            return find(app, job).await;
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
        files.insert(self.job, Spooled { path: self.path.clone(), bytes: self.bytes, arriving: true });
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
        let path = std::mem::take(&mut self.path);
        // removing a file's name takes so little time that blocking the thread is acceptable
        if let Err(error) = std::fs::remove_file(&path) {
            tracing::warn!(%error, file = %path.display(), "an incomplete upload could not be deleted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn files_that_a_dead_program_left_behind_count() {
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
        remove(&left).await;
        next.sweep().await.expect("it is read");
        next.reserve(60).expect("the other file is gone");
        assert!(next.reserve(1).is_err());
        fs::remove_dir_all(&folder).await.expect("it is removed");
    }
}
