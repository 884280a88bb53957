//! Descriptions of types that the library defines, written for the API's readers instead of Rust programmers.

/// Pairs of the library's text and this API's text.
const TEXTS: &[(&str, &str)] = &[
    (
        "\"\"\"\nImplement the DateTime<Utc> scalar\n\nThe input/output is a string in RFC3339 format.\n\"\"\"",
        "\"\"\"\nAn instant in UTC, as RFC 3339 text with up to six decimals: \"2026-11-28T14:30:00.123456+00:00\".\n\"\"\"",
    ),
    (
        "\"\"\"\nISO 8601 calendar date without timezone.\nFormat: %Y-%m-%d\n\n# Examples\n\n* `1994-11-13`\n* `2000-02-24`\n\"\"\"",
        "\"\"\"\nA calendar date without a time zone, as ISO 8601 text: \"2026-11-28\".\n\"\"\"",
    ),
    (
        "\"\"\"\nISO 8601 time without timezone.\nAllows for the nanosecond precision and optional leap second representation.\nFormat: %H:%M:%S%.f\n\n# Examples\n\n* `08:59:60.123`\n\"\"\"",
        "\"\"\"\nA time of day without a date or time zone, as ISO 8601 text: \"08:30:00\".\n\"\"\"",
    ),
    (
        "\"\"\"\nInformation about pagination in a connection\n\"\"\"",
        "\"\"\"\nWhere a page is in its list. Pass `endCursor` as `after` to get the next page, or `startCursor` as `before` to get the previous one.\n\"\"\"",
    ),
    (
        "\tWhen paginating backwards, are there more items?\n",
        "\tWhether the list has items before this page.\n",
    ),
    (
        "\tWhen paginating forwards, are there more items?\n",
        "\tWhether the list has items after this page.\n",
    ),
    (
        "\tWhen paginating backwards, the cursor to continue.\n",
        "\tCursor of the first item of this page; null if the page is empty.\n",
    ),
    (
        "\tWhen paginating forwards, the cursor to continue.\n",
        "\tCursor of the last item of this page; null if the page is empty.\n",
    ),
    ("\tInformation to aid in pagination.\n", "\tWhere this page is in the list.\n"),
    ("\tA list of edges.\n", "\tThe items of this page, each with its cursor.\n"),
    ("\tA list of nodes.\n", "\tThe items of this page.\n"),
    ("\"\"\"\nAn edge in a connection.\n\"\"\"", "\"\"\"\nAn item of a page, with its cursor.\n\"\"\""),
    ("\tThe item at the end of the edge\n", "\tThe item.\n"),
    (
        "\tA cursor for use in pagination\n",
        "\tPosition of the item in the list, for `after` and `before`. Opaque: do not parse it.\n",
    ),
    (
        "\nscalar CurrencyCode\n",
        "\nscalar CurrencyCode @specifiedBy(url: \"https://www.iso.org/iso-4217-currency-codes.html\")\n",
    ),
    (
        "\nscalar DateTime\n",
        "\nscalar DateTime @specifiedBy(url: \"https://www.rfc-editor.org/rfc/rfc3339\")\n",
    ),
];

/// The library gives connections no description.
const CONNECTION: &str = "\"\"\"\nA page of a list.\n\"\"\"\n";

/// Replaces the library's descriptions in SDL text, and describes the connections.
pub(crate) fn replace(mut sdl: String) -> String {
    for (library, ours) in TEXTS {
        sdl = sdl.replace(library, ours);
    }
    let mut described = String::with_capacity(sdl.len());
    for line in sdl.split_inclusive('\n') {
        if line.starts_with("type ") && line.trim_end().ends_with("Connection {") {
            described.push_str(CONNECTION);
        }
        described.push_str(line);
    }
    described
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_the_library_is_replaced() {
        let original = crate::builder().finish().sdl();
        for (library, _) in TEXTS {
            assert!(original.contains(library), "the library's text has changed: {library}");
        }
        let ours = crate::sdl();
        for leak in ["Implement the", "%Y", "%H", "RFC3339", "Information to aid", "An edge in a connection"]
        {
            assert!(!ours.contains(leak), "{leak}");
        }
    }
}
