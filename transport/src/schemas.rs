//! The schemas of all callers: one for each role, and one for each part of a role that a caller was limited to.

use std::{collections::HashMap, sync::Arc};

use apollo_compiler::Schema;
use moka::{policy::EvictionPolicy, sync::Cache};

use super::{
    limits::Limits,
    pipeline::{Compile, Notes, RolePipeline},
    role_schema::{self, RoleSchemaError, RoleSet, Visibility},
};

/// Maximum number of cached schemas of limited callers. When the cache is full, the least recently used schema is dropped. It is derived again when a
/// caller needs it.
const MAX_NARROWED: u64 = 64;
/// A narrowed schema may use this fraction (1/n) of a role's memory for checked documents. If all narrowed schemas are in use, their documents take
/// as much memory as those of eight roles.
const DOCUMENT_SHARE: u64 = 8;

/// The pipelines of all callers.
pub(crate) struct Schemas {
    full: Schema,
    visibility: Vec<(String, RoleSet)>,
    roles: HashMap<&'static str, Arc<RolePipeline>>,
    narrowed: Cache<RoleSet, Arc<RolePipeline>>,
    limits: Limits,
    compile: Option<Compile>,
    notes: Notes,
}

impl Schemas {
    /// Derives the schema of each role. The other schemas are derived when a caller needs them.
    pub(crate) fn new(
        sdl: &str,
        roles: &[(&'static str, RoleSet)],
        visibility: Visibility<'_>,
        limits: &Limits,
    ) -> Result<Self, RoleSchemaError> {
        let full = role_schema::parse(sdl, visibility)?;
        let mut pipelines = HashMap::new();
        for (key, role) in roles {
            let schema = role_schema::prune_parsed(full.clone(), key, *role, visibility.iter().copied())?;
            pipelines.insert(*key, Arc::new(RolePipeline::new(schema, limits)));
        }
        let cached_document_bytes = limits.cached_document_bytes / DOCUMENT_SHARE;
        Ok(Self {
            full,
            visibility: visibility.iter().map(|(key, roles)| ((*key).to_owned(), *roles)).collect(),
            roles: pipelines,
            narrowed: Cache::builder()
                .max_capacity(MAX_NARROWED)
                .eviction_policy(EvictionPolicy::lru())
                .build(),
            limits: Limits { cached_document_bytes, ..limits.clone() },
            compile: None,
            notes: Notes::default(),
        })
    }

    /// Sets the compiler of subscriptions. Call this method before the first request.
    pub(crate) fn compile_with(&mut self, compile: Compile) {
        self.compile = Some(compile);
        self.of_roles(|pipeline| pipeline.compile_with(compile));
    }

    /// Makes every pipeline enforce the rules in `notes`. Call this method before the first request.
    pub(crate) fn note(&mut self, notes: Notes) {
        self.notes = notes;
        self.of_roles(|pipeline| pipeline.note(notes));
    }

    fn of_roles(&mut self, change: impl Fn(&mut RolePipeline)) {
        for pipeline in self.roles.values_mut().filter_map(Arc::get_mut) {
            change(pipeline);
        }
    }

    /// The pipeline of a role; `None` if there is no such role.
    pub(crate) fn of_role(&self, role_key: &str) -> Option<Arc<RolePipeline>> {
        self.roles.get(role_key).cloned()
    }

    /// The pipeline of a caller who sees only the members that match `view`. Concurrent requests derive a schema once.
    pub(crate) fn narrowed(&self, view: RoleSet) -> Result<Arc<RolePipeline>, Arc<RoleSchemaError>> {
        self.narrowed.try_get_with(view, || {
            let visibility = self.visibility.iter().map(|(key, roles)| (key.as_str(), *roles));
            let schema = role_schema::prune_parsed(self.full.clone(), "a limited caller", view, visibility)?;
            let mut pipeline = RolePipeline::new(schema, &self.limits);
            if let Some(compile) = self.compile {
                pipeline.compile_with(compile);
            }
            pipeline.note(self.notes);
            Ok(Arc::new(pipeline))
        })
    }
}
