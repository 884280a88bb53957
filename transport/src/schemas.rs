//! The schemas of all callers: one for each role, and one for each part of a role's schema to which a caller is limited. Each schema is derived when
//! a caller first needs it, because a server should answer immediately after it starts, and most nodes serve few roles.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use apollo_compiler::Schema;
use moka::{policy::EvictionPolicy, sync::Cache};

use super::{
    kept::Keep,
    limits::Limits,
    pipeline::{Compile, Notes, RolePipeline},
    role_schema::{self, RoleSchemaError, RoleSet},
};

/// Maximum number of cached schemas of limited callers. When the cache is full, the least recently used schema is dropped. A dropped schema is
/// derived again when a caller needs it.
const MAX_NARROWED: u64 = 64;
/// A narrowed schema may use this fraction (1/n) of a role's memory for checked documents. If all narrowed schemas are in use, their documents take
/// as much memory as those of eight roles.
const DOCUMENT_SHARE: u64 = 8;

/// The executor's full schema in SDL, and the visibility table ([`role_schema::Visibility`]).
pub type FullSchema = (String, Vec<(String, RoleSet)>);

/// Returns the full schema. This function is called once, for the first request.
pub(crate) type Source = Box<dyn Fn() -> FullSchema + Send + Sync>;

/// The parsed full schema.
struct Parsed {
    full: Schema,
    visibility: Vec<(String, RoleSet)>,
}

/// The pipelines of all callers.
pub(crate) struct Schemas {
    source: Source,
    parsed: OnceLock<Result<Parsed, Arc<RoleSchemaError>>>,
    roles: HashMap<&'static str, RoleSet>,
    whole: Cache<RoleSet, Arc<RolePipeline>>,
    narrowed: Cache<RoleSet, Arc<RolePipeline>>,
    limits: Limits,
    compile: Option<Compile>,
    keep: Option<Arc<dyn Keep>>,
    notes: Notes,
}

impl Schemas {
    /// Creates the schemas of these roles; each entry has a role's key and the role's bits.
    pub(crate) fn new(source: Source, roles: &[(&'static str, RoleSet)], limits: &Limits) -> Self {
        Self {
            source,
            parsed: OnceLock::new(),
            roles: roles.iter().copied().collect(),
            whole: Cache::builder().max_capacity(roles.len() as u64).build(),
            narrowed: Cache::builder()
                .max_capacity(MAX_NARROWED)
                .eviction_policy(EvictionPolicy::lru())
                .build(),
            limits: limits.clone(),
            compile: None,
            keep: None,
            notes: Notes::default(),
        }
    }

    /// Sets the compiler of subscriptions. Call this method before the first request.
    pub(crate) fn compile_with(&mut self, compile: Compile) {
        self.compile = Some(compile);
    }

    /// Sets the object that selects the queries whose answers are kept. Call this method before the first request.
    pub(crate) fn keep(&mut self, keep: Arc<dyn Keep>) {
        self.keep = Some(keep);
    }

    /// Makes every pipeline enforce the rules in `notes`. Call this method before the first request.
    pub(crate) fn note(&mut self, notes: Notes) {
        self.notes = notes;
    }

    /// The pipeline of a role; `None` if there is no such role. Concurrent requests derive a schema only once.
    ///
    /// # Errors
    /// Fails if the role's schema cannot be derived from the schema and the table.
    pub(crate) fn of_role(&self, role_key: &str) -> Result<Option<Arc<RolePipeline>>, Arc<RoleSchemaError>> {
        let Some((key, role)) = self.roles.get_key_value(role_key) else { return Ok(None) };
        let derived = self.whole.try_get_with(*role, || self.derive(key, *role, &self.limits));
        derived.map(Some).map_err(|error| (*error).clone())
    }

    /// The pipeline of a caller who sees only the members that match `view`. Concurrent requests derive a schema only once.
    ///
    /// # Errors
    /// See [`Schemas::of_role`].
    pub(crate) fn narrowed(&self, view: RoleSet) -> Result<Arc<RolePipeline>, Arc<RoleSchemaError>> {
        let derive = || {
            let cached_document_bytes = self.limits.cached_document_bytes / DOCUMENT_SHARE;
            self.derive("a limited caller", view, &Limits { cached_document_bytes, ..self.limits.clone() })
        };
        self.narrowed.try_get_with(view, derive).map_err(|error| (*error).clone())
    }

    fn derive(
        &self,
        key: &str,
        role: RoleSet,
        limits: &Limits,
    ) -> Result<Arc<RolePipeline>, Arc<RoleSchemaError>> {
        let Parsed { full, visibility } = self.parsed()?;
        let visibility = visibility.iter().map(|(key, roles)| (key.as_str(), *roles));
        let schema = role_schema::prune_parsed(full.clone(), key, role, visibility)?;
        let mut pipeline = RolePipeline::new(schema, limits);
        if let Some(compile) = self.compile {
            pipeline.compile_with(compile);
        }
        if let Some(keep) = &self.keep {
            pipeline.keep(keep.clone());
        }
        pipeline.note(self.notes);
        Ok(Arc::new(pipeline))
    }

    /// The full schema, whose types all derived schemas share in memory.
    fn parsed(&self) -> Result<&Parsed, Arc<RoleSchemaError>> {
        let parse = || {
            let (sdl, visibility) = (self.source)();
            let table: Vec<(&str, RoleSet)> =
                visibility.iter().map(|(key, roles)| (key.as_str(), *roles)).collect();
            let full = role_schema::parse(&sdl, &table)?;
            Ok(Parsed { full, visibility })
        };
        self.parsed.get_or_init(parse).as_ref().map_err(Clone::clone)
    }
}
