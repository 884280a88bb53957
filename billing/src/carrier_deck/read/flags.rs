//! Cells that say yes or no.

use super::super::header::words;

/// Whether a cell contains a yes-or-no value, whichever it is.
pub(in crate::carrier_deck) fn is_yes_or_no(cell: &str) -> bool {
    is_false(cell)
        || matches!(
            words(cell).join(" ").as_str(),
            "1" | "yes"
                | "y"
                | "true"
                | "t"
                | "si"
                | "sim"
                | "oui"
                | "ja"
                | "是"
                | "да"
                | "نعم"
                | "evet"
                | "tak"
                | "ano"
        )
}

pub(super) fn is_true(cell: &str) -> bool {
    !cell.is_empty() && !is_false(cell) && !cell.chars().all(|letter| letter == '-')
}

pub(super) fn is_false(cell: &str) -> bool {
    matches!(
        words(cell).join(" ").as_str(),
        "0" | "no"
            | "n"
            | "false"
            | "f"
            | "nao"
            | "non"
            | "nein"
            | "off"
            | "inactive"
            | "否"
            | "нет"
            | "لا"
            | "hayir"
            | "nie"
            | "ne"
            | "nej"
    )
}
