//! The two typefaces of a PDF. A document whose letters are all in Windows-1252 uses Courier, which every reader has, so a receipt stays small. Any
//! other document uses DejaVu Sans Mono and contains the letters that it needs: Latin, Greek, Cyrillic, Arabic, Armenian and Georgian letters. Arabic
//! letters are joined, and text that runs from right to left is put in order.
//!
//! In both typefaces, all letters have the same width (0.6 times the font size), so the columns of a receipt stay aligned.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher};

use harfrust::{
    Buffer, BufferFlags, ClusterLevel, Direction, Font as FontFile, GlyphId, GlyphInfo, GlyphPosition,
    Script, ShapeOptions, ShapePlan, ShaperFont, shape,
};
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish as _, Name, Pdf, Rect, Ref, Str};
use subsetter::GlyphRemapper;
use unicode_bidi::{BidiInfo, Level};
use unicode_width::UnicodeWidthChar as _;

use super::super::text::{Line, width};

/// The name of the regular font in a page's resources.
pub(super) const REGULAR: Name = Name(b"F1");
/// The name of the bold font in a page's resources.
pub(super) const BOLD: Name = Name(b"F2");

/// The order of the characters in the embedded fonts (ISO 32000-1, 9.7.3).
const IDENTITY: SystemInfo =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };
/// Width of a character of DejaVu Sans Mono (1,233 of 2,048 units), in thousandths of the font size.
const CELL: i32 = 602;

/// The typeface of a document.
pub(super) enum Typeface {
    /// Courier.
    Standard,
    /// DejaVu Sans Mono.
    Embedded(Box<Fonts>),
}

/// The embedded fonts, with the glyphs that the document has used so far.
pub(super) struct Fonts {
    regular: Font,
    bold: Font,
}

struct Font {
    name: &'static str,
    data: &'static [u8],
    file: FontFile,
    used: GlyphRemapper,
    /// The text that each used glyph stands for, by its number in the document.
    texts: BTreeMap<u16, String>,
    /// How to shape texts of a script that run from right to left, or from left to right. A font has few scripts.
    plans: Vec<((Option<Script>, bool), ShapePlan)>,
}

/// A glyph of a line, in visual order. Lengths are in thousandths of the font size.
#[derive(Clone, Copy)]
struct Glyph {
    /// The glyph's number in the document.
    id: u16,
    /// Distance from this glyph to the next.
    advance: i32,
    /// Displacement of this glyph alone.
    x: i32,
    y: i32,
    /// Width of the glyph according to the font.
    width: i32,
}

impl Typeface {
    /// The typeface for these lines.
    pub(super) fn of(lines: &[Line]) -> Self {
        match lines.iter().all(|line| Self::Standard.has(line)) {
            true => Self::Standard,
            false => Fonts::load().map_or(Self::Standard, |fonts| Self::Embedded(Box::new(fonts))),
        }
    }

    /// Whether this typeface has every letter of a line.
    pub(super) fn has(&self, line: &Line) -> bool {
        line.text.chars().all(|letter| match self {
            Self::Standard => win_ansi(letter).is_some(),
            Self::Embedded(fonts) if line.strong => letter.width() == Some(0) || fonts.bold.has(letter),
            Self::Embedded(fonts) => letter.width() == Some(0) || fonts.regular.has(letter),
        })
    }

    /// Shows a line at the current position.
    pub(super) fn show(&mut self, line: &Line, size: u16, content: &mut Content) {
        content.set_font(if line.strong { BOLD } else { REGULAR }, f32::from(size));
        match self {
            Self::Standard => {
                content.show(Str(&encoded(line.text.trim_end())));
            }
            Self::Embedded(fonts) => {
                let font = if line.strong { &mut fonts.bold } else { &mut fonts.regular };
                font.show(line, size, content);
            }
        }
    }

    /// Writes the two fonts. Must be called after all lines were shown.
    pub(super) fn write(self, pdf: &mut Pdf, regular: Ref, bold: Ref, next: &mut dyn FnMut() -> Ref) {
        match self {
            Self::Standard => {
                for (font, name) in [(regular, "Courier"), (bold, "Courier-Bold")] {
                    let mut font = pdf.type1_font(font);
                    font.base_font(Name(name.as_bytes())).encoding_predefined(Name(b"WinAnsiEncoding"));
                }
            }
            Self::Embedded(fonts) => {
                fonts.regular.write(pdf, regular, next);
                fonts.bold.write(pdf, bold, next);
            }
        }
    }
}

impl Fonts {
    /// The fonts; `None` if the program contains no readable font, which cannot happen.
    fn load() -> Option<Self> {
        Some(Self {
            regular: Font::load("DejaVuSansMono", dejavu::sans_mono::regular())?,
            bold: Font::load("DejaVuSansMono-Bold", dejavu::sans_mono::bold())?,
        })
    }
}

impl Font {
    fn load(name: &'static str, data: &'static [u8]) -> Option<Self> {
        let file = FontFile::new(data, 0)?;
        Some(Self { name, data, file, used: GlyphRemapper::new(), texts: BTreeMap::new(), plans: Vec::new() })
    }

    fn has(&self, letter: char) -> bool {
        self.glyph_of(letter).is_some()
    }

    /// The glyph of a letter that stands alone.
    fn glyph_of(&self, letter: char) -> Option<u16> {
        self.file.charmap().map_unicode(letter).and_then(|glyph| u16::try_from(glyph.to_u32()).ok())
    }

    /// Converts font units to thousandths of the font size.
    fn thousandths(&self, units: i32) -> i32 {
        let em = i32::from(self.file.units_per_em()).max(1);
        (units * 1000 + em / 2).div_euclid(em)
    }

    /// The text on the left begins at its column, and the text on the right ends at its column. In between, some texts are narrower than their columns,
    /// because two letters may be drawn as one.
    fn show(&mut self, line: &Line, size: u16, content: &mut Content) {
        let mut glyphs: Vec<Glyph> = Vec::new();
        let mut end = 0;
        for text in columns(line) {
            let shaped = self.shaped(text.text, text.is_rtl);
            let length = shaped.iter().map(|glyph| glyph.advance).sum::<i32>();
            let begin = match text.is_right {
                true => cells(text.column + width(text.text)) - length,
                false => cells(text.column),
            };
            // before the first text, a space moves the position
            match glyphs.last_mut() {
                Some(last) => last.advance += begin - end,
                None if begin > 0 => {
                    let space = self.shaped(" ", false).into_iter();
                    glyphs.extend(space.map(|space| Glyph { advance: begin, ..space }));
                }
                None => {}
            }
            end = begin + length;
            glyphs.extend(shaped);
        }
        for level in glyphs.chunk_by(|one, next| one.y == next.y) {
            let height = level.first().map_or(0, |glyph| glyph.y);
            if height == 0 {
                show_level(level, content);
                continue;
            }
            content.set_rise(rise(height, size));
            show_level(level, content);
            content.set_rise(0.0);
        }
    }

    /// The glyphs of a text in visual order.
    fn shaped(&mut self, text: &str, is_rtl: bool) -> Vec<Glyph> {
        let text = self.printable(text);
        let level = if is_rtl { Level::rtl() } else { Level::ltr() };
        let bidi = BidiInfo::new(&text, Some(level));
        let mut glyphs = Vec::new();
        for paragraph in &bidi.paragraphs {
            let (levels, runs) = bidi.visual_runs(paragraph, paragraph.range.clone());
            for run in runs {
                let is_rtl = levels.get(run.start).is_some_and(|level| level.is_rtl());
                if let Some(text) = text.get(run) {
                    self.shape_run(text, is_rtl, &mut glyphs);
                }
            }
        }
        glyphs
    }

    /// Replaces each letter that the font does not have by `?`, and fills up the letter's width. Characters without a width that the font does not have
    /// stay, because they may order or join the letters around them.
    fn printable(&self, text: &str) -> String {
        let mut printable = String::with_capacity(text.len());
        for letter in text.chars() {
            match letter.width().unwrap_or(0) {
                width if width == 0 || self.has(letter) => printable.push(letter),
                width => printable.extend(std::iter::once('?').chain(std::iter::repeat_n(' ', width - 1))),
            }
        }
        printable
    }

    /// Shapes a text of one direction.
    fn shape_run(&mut self, text: &str, is_rtl: bool, glyphs: &mut Vec<Glyph>) {
        let mut buffer = Buffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        buffer.set_direction(direction(is_rtl));
        buffer.set_flags(BufferFlags::REMOVE_DEFAULT_IGNORABLES);
        // each glyph then names its own letter, also a mark after a letter
        buffer.set_cluster_level(ClusterLevel::Characters);
        let at = self.plan(buffer.script(), is_rtl);
        let plan = self.plans.get(at).map(|(_, plan)| plan);
        // fails only if the plan is for another script or direction
        if shape(&ShaperFont::new(&self.file), &mut buffer, ShapeOptions::new().plan(plan)).is_err() {
            return;
        }
        let infos = buffer.glyph_infos();
        for (info, position) in infos.iter().zip(buffer.glyph_positions()) {
            let first =
                usize::try_from(info.cluster).ok().and_then(|start| text.get(start..)?.chars().next());
            glyphs.extend(self.glyph(info, position, first));
        }
        let mut starts: Vec<usize> = infos.iter().filter_map(|info| info.cluster.try_into().ok()).collect();
        starts.sort_unstable();
        for cluster in infos.chunk_by(|one, next| one.cluster == next.cluster) {
            let start = cluster.first().and_then(|info| info.cluster.try_into().ok()).unwrap_or(0);
            let end = starts.iter().find(|other| **other > start).copied().unwrap_or(text.len());
            let ids = cluster.iter().filter_map(|info| u16::try_from(info.glyph_id).ok());
            self.note_texts(ids, text.get(start..end).unwrap_or_default());
        }
    }

    /// The position of the plan for a script and a direction.
    fn plan(&mut self, script: Option<Script>, is_rtl: bool) -> usize {
        let key = (script, is_rtl);
        self.plans.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
            let plan = ShapePlan::new(&self.file, direction(is_rtl), script, None, &[]);
            self.plans.push((key, plan));
            self.plans.len() - 1
        })
    }

    /// A shaped glyph of a text. `first` is the first letter that the glyph stands for. The result is `None` for a mark that the font does not have.
    fn glyph(&mut self, info: &GlyphInfo, position: &GlyphPosition, first: Option<char>) -> Option<Glyph> {
        let old = u16::try_from(info.glyph_id).ok().filter(|id| *id != 0)?;
        let mut glyph = Glyph {
            id: self.used.remap(old),
            advance: self.thousandths(position.x_advance),
            x: self.thousandths(position.x_offset),
            y: self.thousandths(position.y_offset),
            width: self.width(old),
        };
        // some marks of the font are as wide as letters: such a mark is drawn over the letter before it
        let is_mark = |letter: char| letter.width() == Some(0) && self.glyph_of(letter) == Some(old);
        if glyph.advance > 0 && first.is_some_and(is_mark) {
            glyph.x -= glyph.advance;
            glyph.advance = 0;
        }
        Some(glyph)
    }

    /// Notes which text the glyphs of a cluster stand for. A glyph of its own stands for its letter; the first of the others stands for the rest.
    fn note_texts(&mut self, glyphs: impl Iterator<Item = u16>, cluster: &str) {
        let mut letters: Vec<char> = cluster.chars().collect();
        let mut others = Vec::new();
        for glyph in glyphs {
            if glyph == 0 {
                continue;
            }
            match letters.iter().position(|letter| self.glyph_of(*letter) == Some(glyph)) {
                Some(at) => {
                    let letter = letters.remove(at);
                    self.texts.entry(self.used.remap(glyph)).or_insert_with(|| letter.into());
                }
                None => others.push(glyph),
            }
        }
        if let Some(glyph) = others.first()
            && !letters.is_empty()
        {
            self.texts.entry(self.used.remap(*glyph)).or_insert_with(|| letters.into_iter().collect());
        }
    }

    /// Writes the font with the used glyphs, and how to read its glyphs as text.
    fn write(self, pdf: &mut Pdf, id: Ref, next: &mut dyn FnMut() -> Ref) {
        let (cid, descriptor, file, to_unicode) = (next(), next(), next(), next());
        let name = format!("{}+{}", self.tag(), self.name);
        let name = Name(name.as_bytes());
        let mut font = pdf.type0_font(id);
        font.base_font(name).encoding_predefined(Name(b"Identity-H"));
        font.descendant_font(cid).to_unicode(to_unicode);
        font.finish();
        let mut font = pdf.cid_font(cid);
        font.subtype(CidFontType::Type2).base_font(name).system_info(IDENTITY);
        font.font_descriptor(descriptor)
            .default_width(number(CELL))
            .cid_to_gid_map_predefined(Name(b"Identity"));
        let widths: Vec<f32> = self.used.remapped_gids().map(|old| number(self.width(old))).collect();
        font.widths().consecutive(0, widths);
        font.finish();
        self.describe(pdf.font_descriptor(descriptor), name, file);
        if let Ok(data) = subsetter::subset(self.data, 0, &self.used) {
            let compressed = deflated(&data);
            let mut stream = pdf.stream(file, &compressed);
            stream.pair(Name(b"Length1"), i32::try_from(data.len()).unwrap_or(i32::MAX));
            stream.filter(Filter::FlateDecode);
        }
        let mut texts = UnicodeCmap::<u16>::new(Name(b"Custom"), IDENTITY);
        for (glyph, text) in self.texts {
            texts.pair_with_multiple(glyph, text.chars());
        }
        pdf.cmap(to_unicode, &texts.finish());
    }

    /// Six letters that mark a font as incomplete. Fonts with different glyphs have different letters (ISO 32000-1, 9.6.4).
    fn tag(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.used.remapped_gids().for_each(|glyph| glyph.hash(&mut hasher));
        // pdf-writer has a trait with another `finish`
        let hash = Hasher::finish(&hasher).to_be_bytes();
        hash.iter().take(6).map(|byte| char::from(b'A' + byte % 26)).collect()
    }

    fn width(&self, glyph: u16) -> i32 {
        self.thousandths(self.file.glyph_metrics().h_advance_exact(GlyphId::from(glyph)).to_i32())
    }

    fn describe(&self, mut descriptor: pdf_writer::writers::FontDescriptor, name: Name, file: Ref) {
        let metrics = self.file.metrics();
        let length = |units: i32| number(self.thousandths(units));
        let (bounds, line) = (metrics.bounds, metrics.hhea_line.unwrap_or_default());
        let [left, bottom, right, top] =
            [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(|at| length(at.to_i32()));
        descriptor.name(name).flags(FontFlags::FIXED_PITCH | FontFlags::NON_SYMBOLIC);
        descriptor.bbox(Rect::new(left, bottom, right, top)).italic_angle(0.0);
        descriptor.ascent(length(line.ascender.to_i32())).descent(length(line.descender.to_i32()));
        let height = metrics.cap_height.unwrap_or(line.ascender);
        descriptor.cap_height(length(height.to_i32())).stem_v(80.0).font_file2(file);
    }
}

/// A text on the left or on the right of a line.
struct Placed<'a> {
    text: &'a str,
    /// The column in which the text begins.
    column: usize,
    is_rtl: bool,
    is_right: bool,
}

/// The texts of a line. Spaces around a text are left out; otherwise, they would move to the other side of a text that runs from right to left.
fn columns(line: &Line) -> impl Iterator<Item = Placed<'_>> {
    let (left, right) = line.text.split_at_checked(line.right_at).unwrap_or((&line.text, ""));
    let texts = [(0, left, line.are_rtl.0, false), (width(left), right, line.are_rtl.1, true)];
    texts.into_iter().filter_map(|(column, text, is_rtl, is_right)| {
        let indented = text.trim_end_matches(' ');
        let text = indented.trim_start_matches(' ');
        let column = column + indented.len() - text.len();
        (!text.is_empty()).then_some(Placed { text, column, is_rtl, is_right })
    })
}

fn direction(is_rtl: bool) -> Direction {
    if is_rtl { Direction::RightToLeft } else { Direction::LeftToRight }
}

/// The width of this many columns, in thousandths of the font size.
fn cells(columns: usize) -> i32 {
    i32::from(u16::try_from(columns).unwrap_or(u16::MAX)) * CELL
}

/// Converts a height in thousandths of the font size to points.
#[expect(clippy::float_arithmetic, reason = "a length on paper, not an amount of money")]
fn rise(height: i32, size: u16) -> f32 {
    number(height) * f32::from(size) / 1000.0
}

/// A length as a PDF number. The conversion is exact, because lengths on a page are below 2²⁴.
fn number(length: i32) -> f32 {
    length as f32
}

/// Shows glyphs at the same height.
fn show_level(glyphs: &[Glyph], content: &mut Content) {
    let mut shown = content.show_positioned();
    let mut items = shown.items();
    let mut text = Vec::new();
    // the distance to move before the next glyph, beyond the widths of the glyphs before it
    let mut gap = 0;
    for glyph in glyphs {
        let move_by = gap + glyph.x;
        if move_by != 0 {
            if !text.is_empty() {
                items.show(Str(&text));
                text.clear();
            }
            items.adjust(number(-move_by));
        }
        text.extend(glyph.id.to_be_bytes());
        gap = glyph.advance - glyph.width - glyph.x;
    }
    items.show(Str(&text));
    if gap != 0 {
        items.adjust(number(-gap));
    }
}

fn deflated(data: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    // writing to memory cannot fail
    drop(encoder.write_all(data));
    encoder.finish().unwrap_or_default()
}

fn encoded(text: &str) -> Vec<u8> {
    text.chars().map(|letter| win_ansi(letter).unwrap_or(b'?')).collect()
}

/// Encodes a character in WinAnsiEncoding (ISO 32000-1, annex D); `None` if that encoding does not include it.
fn win_ansi(letter: char) -> Option<u8> {
    const FROM_128: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’',
        '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    match letter {
        ' '..='~' | '\u{a0}'..='ÿ' => u8::try_from(u32::from(letter)).ok(),
        '\0' => None,
        _ => {
            let at = FROM_128.iter().position(|known| *known == letter)?;
            u8::try_from(128 + at).ok()
        }
    }
}
