//! Stage 3: counts the selections of a document as if its fragments were expanded, without expanding them.
//!
//! Fragments that spread each other can double the query at each step. Therefore, each fragment is counted once, and its totals are added wherever
//! the fragment is spread. The totals are saturating integers, so they cannot overflow. The work is linear in the document's size.

use std::collections::HashMap;

use apollo_compiler::{
    Name, Node,
    ast::{Argument, Definition, Document, Field, FragmentDefinition, OperationDefinition, Selection, Value},
    response::{JsonMap, JsonValue},
};

use crate::{error::RequestError, limits::Limits};

/// Fields that return a list but take neither `first` nor `last`. Each entry has the name of a field and the number of objects that the field's list
/// is assumed to have.
pub type Lists = &'static [(&'static str, u64)];

/// Totals of a selection set, with fragments expanded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Fields, spreads and inline fragments.
    pub fields: u64,
    /// Aliased fields.
    pub aliases: u64,
    /// Directives.
    pub directives: u64,
    /// Nesting depth of fields.
    pub depth: u64,
    /// Number of fields in the response, where each field is multiplied by the sizes of the lists around it.
    pub complexity: u64,
    /// Whether a variable determines the size of a list. If a variable determines a size, the complexity must be counted for each request.
    pub sized_by_variable: bool,
}

impl Totals {
    fn add(&mut self, other: Self) {
        self.fields = self.fields.saturating_add(other.fields);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.depth = self.depth.max(other.depth);
        self.complexity = self.complexity.saturating_add(other.complexity);
        self.sized_by_variable |= other.sized_by_variable;
    }
}

/// Counts one operation of a document. `variables` are the request's coerced variables, or `None` to count before the variables are known. Fails
/// with `FRAGMENT_CYCLE` if fragments spread themselves.
pub fn count(
    document: &Document,
    operation: &OperationDefinition,
    variables: Option<&JsonMap>,
    (limits, lists): (&Limits, Lists),
) -> Result<Totals, RequestError> {
    let mut counter = Counter::new(document, variables, limits, lists);
    let mut totals = counter.selections(&operation.selection_set)?;
    totals.directives = totals.directives.saturating_add(operation.directives.len() as u64);
    for variable in &operation.variables {
        totals.directives = totals.directives.saturating_add(variable.directives.len() as u64);
    }
    Ok(totals)
}

/// Counts every operation and every fragment, even unused fragments, and checks each against the limits. If the complexity depends on variables,
/// [`check_variables`] checks it later. Returns the number of fields of all operations.
pub fn check_document(document: &Document, limits: &Limits, lists: Lists) -> Result<u64, RequestError> {
    let mut fields = 0_u64;
    let mut counter = Counter::new(document, None, limits, lists);
    for definition in &document.definitions {
        match definition {
            Definition::OperationDefinition(operation) => {
                let totals = count(document, operation, None, (limits, lists))?;
                check_shape(&totals, limits)?;
                if !totals.sized_by_variable {
                    check_complexity(&totals, limits)?;
                }
                fields = fields.saturating_add(totals.fields);
            }
            Definition::FragmentDefinition(fragment) => {
                let totals = counter.fragment(&fragment.name)?;
                check_shape(&totals, limits)?;
            }
            _ => {}
        }
    }
    Ok(fields)
}

/// Checks the totals that do not depend on variables.
fn check_shape(totals: &Totals, limits: &Limits) -> Result<(), RequestError> {
    let bounds = [
        (totals.depth, limits.depth, "QUERY_TOO_DEEP", "levels of fields"),
        (totals.fields, limits.fields, "TOO_MANY_FIELDS", "fields, with fragments expanded"),
        (totals.aliases, limits.aliases, "TOO_MANY_ALIASES", "aliases"),
        (totals.directives, limits.directives, "TOO_MANY_DIRECTIVES", "directives"),
    ];
    match bounds.into_iter().find(|(found, limit, ..)| found > limit) {
        None => Ok(()),
        Some((_, limit, code, what)) => {
            Err(RequestError::document(code, format!("The query has more than {limit} {what}.")))
        }
    }
}

/// Checks the complexity of an operation in which variables determine the sizes of lists, once the variables' values are known.
pub fn check_variables(
    document: &Document,
    operation: &OperationDefinition,
    variables: &JsonMap,
    (limits, lists): (&Limits, Lists),
) -> Result<(), RequestError> {
    if operation.variables.is_empty() {
        return Ok(());
    }
    check_complexity(&count(document, operation, Some(variables), (limits, lists))?, limits)
}

/// Checks the query's complexity against its limit.
fn check_complexity(totals: &Totals, limits: &Limits) -> Result<(), RequestError> {
    if totals.complexity <= limits.complexity {
        return Ok(());
    }
    Err(RequestError::document(
        "QUERY_TOO_COMPLEX",
        format!(
            "The query may return {} fields; the limit is {}. Ask for smaller pages.",
            totals.complexity, limits.complexity
        ),
    ))
}

enum Progress {
    Counting,
    Counted(Totals),
}

struct Counter<'a> {
    fragments: HashMap<&'a Name, &'a Node<FragmentDefinition>>,
    progress: HashMap<&'a Name, Progress>,
    variables: Option<&'a JsonMap>,
    limits: &'a Limits,
    lists: Lists,
}

impl<'a> Counter<'a> {
    fn new(document: &'a Document, variables: Option<&'a JsonMap>, limits: &'a Limits, lists: Lists) -> Self {
        let fragments = document
            .definitions
            .iter()
            .filter_map(|definition| definition.as_fragment_definition())
            .map(|fragment| (&fragment.name, fragment))
            .collect();
        Self { fragments, progress: HashMap::new(), variables, limits, lists }
    }

    fn selections(&mut self, selections: &'a [Selection]) -> Result<Totals, RequestError> {
        let mut totals = Totals::default();
        for selection in selections {
            totals.add(self.selection(selection)?);
        }
        Ok(totals)
    }

    fn selection(&mut self, selection: &'a Selection) -> Result<Totals, RequestError> {
        let (mut totals, directives) = match selection {
            Selection::Field(field) => {
                let mut totals = self.selections(&field.selection_set)?;
                let (size, sized_by_variable) = self.list_size(field);
                totals.aliases = totals.aliases.saturating_add(u64::from(field.alias.is_some()));
                totals.depth = totals.depth.saturating_add(1);
                totals.complexity = totals.complexity.saturating_mul(size).saturating_add(1);
                totals.sized_by_variable |= sized_by_variable;
                (totals, field.directives.len())
            }
            Selection::InlineFragment(inline) => {
                (self.selections(&inline.selection_set)?, inline.directives.len())
            }
            Selection::FragmentSpread(spread) => {
                (self.fragment(&spread.fragment_name)?, spread.directives.len())
            }
        };
        totals.fields = totals.fields.saturating_add(1);
        totals.directives = totals.directives.saturating_add(directives as u64);
        Ok(totals)
    }

    /// A fragment's totals, counted at the fragment's first use. An unknown fragment counts as nothing, because validation reports it.
    fn fragment(&mut self, name: &'a Name) -> Result<Totals, RequestError> {
        match self.progress.get(name) {
            Some(Progress::Counted(totals)) => return Ok(*totals),
            Some(Progress::Counting) => {
                return Err(RequestError::document(
                    "FRAGMENT_CYCLE",
                    format!("The fragment {name} spreads itself."),
                ));
            }
            None => {}
        }
        let Some(fragment) = self.fragments.get(name).copied() else { return Ok(Totals::default()) };
        self.progress.insert(name, Progress::Counting);
        let mut totals = self.selections(&fragment.selection_set)?;
        totals.directives = totals.directives.saturating_add(fragment.directives.len() as u64);
        self.progress.insert(name, Progress::Counted(totals));
        Ok(totals)
    }

    /// The number of objects that a field may return, which is the largest of `first`, `last` and the number of `ids`. Without these arguments, the
    /// number is the usual size of lists of this name, or 1. The second value of the result says whether a variable determines the size.
    fn list_size(&self, field: &Field) -> (u64, bool) {
        let mut size = None;
        let mut by_variable = false;
        let sizes = |argument: &&Node<Argument>| matches!(argument.name.as_str(), "first" | "last" | "ids");
        for argument in field.arguments.iter().filter(sizes) {
            let asked = match &*argument.value {
                Value::Int(number) => number.as_str().parse().unwrap_or(0),
                Value::List(items) => items.len() as u64,
                Value::Variable(name) => {
                    by_variable = true;
                    self.variable_size(name)
                }
                _ => 1,
            };
            size = size.max(Some(asked));
        }
        (size.unwrap_or_else(|| self.usual_size(&field.name)), by_variable)
    }

    fn usual_size(&self, field: &Name) -> u64 {
        self.lists.iter().find(|(name, _)| field == name).map_or(1, |(_, size)| *size)
    }

    fn variable_size(&self, name: &Name) -> u64 {
        let value = self.variables.and_then(|variables| variables.get(name.as_str()));
        match value {
            Some(JsonValue::Array(items)) => items.len() as u64,
            Some(value) => value.as_u64().unwrap_or(0),
            None => self.limits.assumed_list_size,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTS: Lists = &[("shelves", 20)];

    fn totals(document: &str) -> Result<Totals, RequestError> {
        let tree = Document::parse(document, "q").expect("syntax");
        let operation = tree.definitions[0].as_operation_definition().expect("an operation first").clone();
        count(&tree, &operation, None, (&Limits::default(), LISTS))
    }

    fn code(document: &str) -> &'static str {
        let tree = Document::parse(document, "q").expect("syntax");
        check_document(&tree, &Limits::default(), LISTS).map_or_else(|error| error.code, |_| "")
    }

    #[test]
    fn counts_through_fragments() {
        let found =
            totals("{ a { ...F } b: c @skip(if: true) } fragment F on T { d { e } ... on U { f: g } }");
        let expected = Totals {
            fields: 7,
            aliases: 2,
            directives: 1,
            depth: 3,
            complexity: 5,
            sized_by_variable: false,
        };
        assert_eq!(found.expect("counted"), expected);
    }

    #[test]
    fn list_sizes_multiply_what_is_below() {
        assert_eq!(totals("{ a(first: 10) { b(last: 5) { c d } } }").expect("counted").complexity, 111);
        let by_variable = totals("query($n: Int) { a(first: $n) { b } }").expect("counted");
        assert_eq!((by_variable.complexity, by_variable.sized_by_variable), (101, true));
    }

    #[test]
    fn ids_and_lists_without_a_page_are_sizes_too() {
        assert_eq!(totals("{ a(ids: [1, 2, 3]) { b c } }").expect("counted").complexity, 7);
        assert_eq!(totals("{ a(ids: [1, $x, $x], first: 2) { b } }").expect("counted").complexity, 4);
        assert_eq!(totals("{ shelves { b } }").expect("counted").complexity, 21);
        assert_eq!(totals("{ s: shelves(first: 3) { b } }").expect("counted").complexity, 4);
        assert_eq!(code("{ shelves { shelves { shelves { shelves { b } } } } }"), "QUERY_TOO_COMPLEX");
    }

    #[test]
    fn a_variable_counts_by_what_is_in_it() {
        let tree = Document::parse("query($ids: [ID!]!) { a(ids: $ids) { b } }", "q").expect("syntax");
        let operation = tree.definitions[0].as_operation_definition().expect("an operation");
        let counted = |ids: serde_json::Value| {
            let variables = serde_json::from_value(serde_json::json!({ "ids": ids })).expect("variables");
            count(&tree, operation, Some(&variables), (&Limits::default(), LISTS))
                .expect("counted")
                .complexity
        };
        assert_eq!((counted(serde_json::json!(["1", "2", "3"])), counted(serde_json::json!([]))), (4, 1));
        assert_eq!(
            count(&tree, operation, None, (&Limits::default(), LISTS)).expect("counted").complexity,
            101
        );
    }

    #[test]
    fn fragments_that_spread_each_other_are_counted_in_linear_time() {
        // the document has 2^60 fields, so expanding the fragments would never finish
        let mut document = "{ ...F0 }".to_owned();
        for step in 0..60 {
            document += &format!(" fragment F{step} on Q {{ ...F{n} ...F{n} }}", n = step + 1);
        }
        document += " fragment F60 on Q { __typename }";
        assert!(totals(&document).expect("counted").fields > 1 << 60);
        assert_eq!(code(&document), "TOO_MANY_FIELDS");
    }

    #[test]
    fn sums_saturate() {
        let mut document = "{ ...F0 }".to_owned();
        for step in 0..90 {
            document += &format!(" fragment F{step} on Q {{ ...F{n} ...F{n} }}", n = step + 1);
        }
        document += " fragment F90 on Q { __typename }";
        assert_eq!(totals(&document).expect("counted").fields, u64::MAX);
    }

    #[test]
    fn cycles_are_refused_also_in_fragments_nothing_spreads() {
        assert_eq!(
            code("{ ...A } fragment A on Q { ...B } fragment B on Q { a { ...A } }"),
            "FRAGMENT_CYCLE"
        );
        assert_eq!(code("{ a } fragment A on Q { ...A }"), "FRAGMENT_CYCLE");
    }

    #[test]
    fn every_limit_has_its_code() {
        let deep = format!("{{ {} a {} }}", "a {".repeat(16), "}".repeat(16));
        assert_eq!(code(&deep), "QUERY_TOO_DEEP");
        assert_eq!(code(&format!("{{ {} }}", "a ".repeat(1001))), "TOO_MANY_FIELDS");
        assert_eq!(code(&format!("{{ {} }}", "b: a ".repeat(101))), "TOO_MANY_ALIASES");
        assert_eq!(code(&format!("{{ a {} }}", "@x ".repeat(51))), "TOO_MANY_DIRECTIVES");
        assert_eq!(code("{ a(first: 99999999999) { b } }"), "QUERY_TOO_COMPLEX");
        assert_eq!(code("{ a(first: 100) { a(first: 100) { a(first: 100) { b } } } }"), "QUERY_TOO_COMPLEX");
    }
}
