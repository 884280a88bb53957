//! Keeps the plans of a document. A plan writes the value of a field, with everything below it, in one step. The executor would make a future for
//! each field. The application makes a plan when the executor first resolves the field.
//!
//! The executor removes selections by `@skip` and `@include` before it runs, so a plan for the remaining selections would be wrong for other
//! variables. If a field is selected twice under one name, the executor resolves it twice and merges the two values, but it cannot merge values that
//! are already written. Therefore, a selection set has no plan if a selection in it or below it has one of these directives, or if it is below a
//! field that is selected twice under one name.

use std::{
    any::Any,
    collections::{HashMap, HashSet},
    sync::OnceLock,
};

use async_graphql::{
    Name, Pos, Positioned,
    parser::types::{ExecutableDocument, Field, FragmentDefinition, Selection, SelectionSet},
};

type Plan = Box<dyn Any + Send + Sync>;
type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// The plans for one selection set.
#[derive(Default)]
struct Place {
    /// Writes a value with everything below it.
    whole: OnceLock<Option<Plan>>,
    /// Writes some fields of an object.
    parts: OnceLock<Option<Plan>>,
}

/// The plans of one document, by the positions of the selection sets that they write. A document has at most two plans for each of its selection sets.
#[derive(Default)]
pub struct Plans(HashMap<Pos, Place>);

impl Plans {
    /// Creates an empty place for each plan that a valid document can have. The library's parser does not count a carriage return without a line feed
    /// as the end of a line, so two selection sets can have the same position. A document with such selection sets has no plans.
    pub fn of(document: &ExecutableDocument) -> Self {
        if !has_distinct_positions(document) {
            return Self::default();
        }
        let mut walk =
            Walk { fragments: &document.fragments, merged: HashSet::new(), constant: HashMap::new() };
        for (_, operation) in document.operations.iter() {
            walk.find_merged(&operation.node.selection_set.node);
        }
        let mut places = HashMap::new();
        for (_, operation) in document.operations.iter() {
            walk.places(&operation.node.selection_set.node, &mut places);
        }
        for fragment in document.fragments.values() {
            walk.places(&fragment.node.selection_set.node, &mut places);
        }
        Self(places)
    }

    /// The plan that writes some fields of the objects of this selection set, and leaves the others to the executor. `compile` works as for
    /// [`Plans::whole`].
    pub fn parts<P: Send + Sync + 'static>(
        &self,
        position: Pos,
        compile: impl FnOnce() -> Option<P>,
    ) -> Option<&P> {
        planned(&self.0.get(&position)?.parts, compile)
    }

    /// The plan for the selection set at this position. `compile` makes the plan when it is needed for the first time, and returns `None` if the
    /// executor must resolve the selection set.
    pub fn whole<P: Send + Sync + 'static>(
        &self,
        position: Pos,
        compile: impl FnOnce() -> Option<P>,
    ) -> Option<&P> {
        planned(&self.0.get(&position)?.whole, compile)
    }
}

fn planned<P: Send + Sync + 'static>(
    place: &OnceLock<Option<Plan>>,
    compile: impl FnOnce() -> Option<P>,
) -> Option<&P> {
    let plan = place.get_or_init(|| compile().map(|plan| -> Plan { Box::new(plan) }));
    plan.as_ref()?.downcast_ref()
}

/// Whether no two selection sets of a document have the same position.
fn has_distinct_positions(document: &ExecutableDocument) -> bool {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set);
    let mut seen = HashSet::new();
    operations.chain(fragments).all(|set| are_distinct(set, &mut seen))
}

fn are_distinct(set: &Positioned<SelectionSet>, seen: &mut HashSet<Pos>) -> bool {
    // if a field has no subfields, its empty selection set has no position of its own
    set.node.items.is_empty()
        || seen.insert(set.pos)
            && set.node.items.iter().all(|selection| match &selection.node {
                Selection::Field(field) => are_distinct(&field.node.selection_set, seen),
                Selection::InlineFragment(inline) => are_distinct(&inline.node.selection_set, seen),
                Selection::FragmentSpread(_) => true,
            })
}

/// Walks through a document. The document's nesting and the number of its fields, including those in fragments, were limited when the document was
/// parsed.
struct Walk<'a> {
    fragments: &'a Fragments,
    /// Selection sets whose values the executor merges with others.
    merged: HashSet<Pos>,
    /// For each fragment, whether it selects the same fields for all values of the variables.
    constant: HashMap<&'a str, bool>,
}

impl<'a> Walk<'a> {
    fn fragment(&self, name: &Name) -> Option<&'a SelectionSet> {
        self.fragments.get(name).map(|fragment| &fragment.node.selection_set.node)
    }

    /// Finds the selection sets below fields that are selected more than once under the same name.
    fn find_merged(&mut self, set: &'a SelectionSet) {
        let mut fields: Vec<(&str, Vec<&Field>)> = Vec::new();
        self.collect(set, &mut fields);
        for (_, same) in fields {
            match same.as_slice() {
                [only] => self.find_merged(&only.selection_set.node),
                several => several.iter().for_each(|field| self.merge(&field.selection_set)),
            }
        }
    }

    /// The fields with a selection set, by response name. The types of fragments are not considered, so the list may have fields of several types.
    fn collect(&self, set: &'a SelectionSet, fields: &mut Vec<(&'a str, Vec<&'a Field>)>) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) if field.node.selection_set.node.items.is_empty() => {}
                Selection::Field(field) => {
                    let key = field.node.response_key().node.as_str();
                    match fields.iter_mut().find(|(known, _)| *known == key) {
                        Some((_, same)) => same.push(&field.node),
                        None => fields.push((key, vec![&field.node])),
                    }
                }
                Selection::InlineFragment(inline) => self.collect(&inline.node.selection_set.node, fields),
                Selection::FragmentSpread(spread) => {
                    if let Some(set) = self.fragment(&spread.node.fragment_name.node) {
                        self.collect(set, fields);
                    }
                }
            }
        }
    }

    fn merge(&mut self, set: &'a Positioned<SelectionSet>) {
        if self.merged.insert(set.pos) {
            self.merge_below(&set.node);
        }
    }

    fn merge_below(&mut self, set: &'a SelectionSet) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) if field.node.selection_set.node.items.is_empty() => {}
                Selection::Field(field) => self.merge(&field.node.selection_set),
                Selection::InlineFragment(inline) => self.merge(&inline.node.selection_set),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.fragments.get(&spread.node.fragment_name.node) {
                        self.merge(&fragment.node.selection_set);
                    }
                }
            }
        }
    }

    /// Adds a place for each selection set of a field that is constant and not merged. Returns whether `set` itself is constant.
    fn places(&mut self, set: &'a SelectionSet, places: &mut HashMap<Pos, Place>) -> bool {
        let mut is_constant = true;
        for selection in &set.items {
            is_constant &= selection.node.directives().is_empty();
            is_constant &= match &selection.node {
                Selection::Field(field) if field.node.selection_set.node.items.is_empty() => true,
                Selection::Field(field) => {
                    let below = &field.node.selection_set;
                    let is_constant = self.places(&below.node, places);
                    if is_constant && !self.merged.contains(&below.pos) {
                        places.insert(below.pos, Place::default());
                    }
                    is_constant
                }
                Selection::InlineFragment(inline) => self.places(&inline.node.selection_set.node, places),
                Selection::FragmentSpread(spread) => self.is_constant(&spread.node.fragment_name.node),
            };
        }
        is_constant
    }

    fn is_constant(&mut self, fragment: &'a Name) -> bool {
        if let Some(known) = self.constant.get(fragment.as_str()) {
            return *known;
        }
        let is_constant = self.fragments.get(fragment).is_some_and(|found| {
            let set = &found.node.selection_set.node;
            found.node.directives.is_empty() && self.places(set, &mut HashMap::new())
        });
        self.constant.insert(fragment.as_str(), is_constant);
        is_constant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The columns of the selection sets that may have a plan.
    fn columns(text: &str) -> Vec<usize> {
        let document = async_graphql::parser::parse_query(text).expect("a document");
        let plans = Plans::of(&document);
        let mut columns: Vec<usize> = plans.0.keys().map(|position| position.column).collect();
        columns.sort_unstable();
        columns
    }

    /// The columns of the signs `^` below the text.
    fn marks(line: &str) -> Vec<usize> {
        line.char_indices().filter(|(_, sign)| *sign == '^').map(|(at, _)| at + 1).collect()
    }

    fn assert_places(text: &str, line: &str) {
        assert_eq!(columns(text), marks(line), "{text}");
    }

    #[test]
    fn a_selection_set_has_a_plan_unless_directives_or_merging_change_it() {
        for (text, line) in [
            ("{ a b { c } d { e { f } } }", "      ^       ^   ^"),
            ("{ a { b @skip(if: true) c { d } } }", "                          ^"),
            ("{ a { b { c @include(if: $x) } d { e } } }", "                                 ^"),
            // a directive on a field affects the selection set that contains the field, but not the one below it
            ("{ a { b @skip(if: $x) { c } } }", "                      ^"),
            ("{ a { b } a { c { d } } e { f } }", "                          ^"),
            ("{ a { b { c } ... { b { d } } e { f } } }", "    ^                           ^"),
            ("{ a { b } x: a { b } }", "    ^          ^"),
            ("{ ...F } fragment F on Q { a { b } }", "                             ^"),
            ("{ a { ...F } b { c } } fragment F on Q { d @skip(if: $x) }", "               ^"),
            ("{ a { ...F } ...G } fragment G on Q { a { e } } fragment F on A { d { f } }", ""),
            ("{ a { ...F ...F } } fragment F on A { b { c } }", "    ^"),
        ] {
            assert_places(text, line);
        }
    }

    #[test]
    fn selection_sets_at_one_position_have_no_plan() {
        // the parser counts the columns anew after a carriage return, but not the lines
        for text in ["{a:viewer{id}\r b:viewer{name}}", "{a:viewer{id}\r b:viewer{id name @skip(if:$x)}}"] {
            assert_eq!(columns(text), [] as [usize; 0], "{text:?}");
            assert!(!columns(&text.replace('\r', "\r\n")).is_empty(), "{text:?}");
        }
    }

    #[test]
    fn a_plan_is_made_once_and_has_one_type() {
        let document = async_graphql::parser::parse_query("{ a { b } c { d @skip(if: true) } }");
        let plans = Plans::of(&document.expect("a document"));
        let (known, unknown) = (Pos { line: 1, column: 5 }, Pos { line: 1, column: 13 });
        assert_eq!(plans.whole(known, || Some(1_u8)), Some(&1));
        assert_eq!(plans.whole(known, || Some(2_u8)), Some(&1), "made once");
        assert_eq!(plans.whole(known, || Some("text")), None, "another type");
        assert_eq!(plans.parts(known, || Some("text")), Some(&"text"), "another plan");
        assert_eq!(plans.whole(unknown, || Some(1_u8)), None);
    }
}
