//! Small pictures of numbers, drawn here as SVG. A picture says nothing that the words and the table beside it don't say
//! too; its colours are classes of the stylesheet.

use crate::site::words::Words;

/// The width of every picture, in its own units. It fits a narrow window without shrinking its letters.
const WIDTH: u32 = 288;
/// The height of a line of small letters.
const LINE: u32 = 13;
/// The least size of what isn't nothing.
const LEAST: u32 = 2;

/// The height that columns may have.
const COLUMN: u32 = 90;
/// The height of a row of bars.
const ROW: u32 = 20;
/// The width of a row's name, and of its number.
const NAME: u32 = 104;
const NUMBER: u32 = 40;
/// The most letters of a row's name.
const LETTERS: usize = 15;

/// A picture.
#[derive(Debug)]
pub(crate) struct Chart {
    /// The same fact in words.
    pub label: String,
    pub width: u32,
    pub height: u32,
    pub shapes: Vec<Shape>,
    pub texts: Vec<Text>,
}

/// A rectangle; its class has the colour.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
    pub class: &'static str,
}

/// A line of small letters.
#[derive(Debug)]
pub(crate) struct Text {
    pub x: u32,
    pub y: u32,
    /// The edge at which it stands: `start`, `middle` or `end`.
    pub anchor: &'static str,
    pub words: String,
}

/// A part of a row or column: its colour, and its number.
pub(crate) type Part = (&'static str, u64);

/// Rows of bars, each with its name and its sum.
pub(crate) fn bars(label: String, rows: &[(String, Vec<Part>)]) -> Chart {
    let most = rows.iter().map(|(_, parts)| sum(parts)).max().unwrap_or_default();
    let mut chart = Chart::of(label, ROW * count(rows.len()));
    for ((name, parts), place) in rows.iter().zip(0..) {
        let (y, base) = (ROW * place, ROW * place + LINE + 1);
        chart.text(NAME - 6, base, "end", short(name));
        let mut x = NAME;
        for (class, number) in parts.iter().filter(|(_, number)| *number > 0) {
            let width = scaled(*number, most, WIDTH - NAME - NUMBER);
            chart.shapes.push(Shape { x, y: y + 3, width, height: ROW - 6, class });
            x += width;
        }
        chart.text(x + 4, base, "start", sum(parts).to_string());
    }
    chart
}

/// Columns of parts, one upon the other, each with its name and its sum.
pub(crate) fn columns(label: String, all: &[(String, Vec<Part>)]) -> Chart {
    let most = all.iter().map(|(_, parts)| sum(parts)).max().unwrap_or_default();
    let mut chart = Chart::of(label, LINE + COLUMN + LINE + 3);
    let slot = WIDTH / count(all.len()).max(1);
    for ((name, parts), place) in all.iter().zip(0..) {
        let (left, middle) = (slot * place, slot * place + slot / 2);
        let mut y = LINE + COLUMN;
        for (class, number) in parts.iter().filter(|(_, number)| *number > 0) {
            let height = scaled(*number, most, COLUMN);
            y = y.saturating_sub(height);
            chart.shapes.push(Shape { x: left + slot / 8, y, width: slot * 3 / 4, height, class });
        }
        if sum(parts) > 0 {
            chart.text(middle, y.saturating_sub(2).max(LINE - 2), "middle", sum(parts).to_string());
        }
        chart.text(middle, chart.height - 3, "middle", name.clone());
    }
    chart
}

/// Columns side by side, with the largest number in words at the top.
pub(crate) fn pairs(label: String, all: &[(String, Vec<Part>)], most_in_words: String) -> Chart {
    let parts = || all.iter().flat_map(|(_, parts)| parts);
    let most = parts().map(|(_, number)| *number).max().unwrap_or_default();
    let mut chart = Chart::of(label, LINE + COLUMN + LINE + 3);
    let slot = WIDTH / count(all.len()).max(1);
    chart.shapes.push(Shape { x: 0, y: LINE, width: WIDTH, height: 1, class: "line" });
    chart.text(0, LINE - 2, "start", most_in_words);
    for ((name, parts), place) in all.iter().zip(0..) {
        let width = (slot * 3 / 4) / count(parts.len()).max(1);
        for ((class, number), at) in parts.iter().zip(0..) {
            let height = scaled(*number, most, COLUMN);
            let x = slot * place + slot / 8 + width * at;
            chart.shapes.push(Shape { x, y: LINE + COLUMN - height, width, height, class });
        }
        chart.text(slot * place + slot / 2, chart.height - 3, "middle", name.clone());
    }
    chart
}

impl Chart {
    fn of(label: String, height: u32) -> Self {
        Self { label, width: WIDTH, height, shapes: Vec::new(), texts: Vec::new() }
    }

    fn text(&mut self, x: u32, y: u32, anchor: &'static str, words: String) {
        self.texts.push(Text { x, y, anchor, words });
    }
}

/// The short name of a month such as `2026-11`.
pub(crate) fn month(w: &Words, month: &str) -> String {
    let number =
        month.get(5..7).and_then(|number| number.parse::<u8>().ok()).filter(|n| (1..=12).contains(n));
    number.map_or_else(|| month.to_owned(), |number| w.t(&format!("month-{number}")))
}

fn sum(parts: &[Part]) -> u64 {
    parts.iter().map(|(_, number)| number).sum()
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The size of a number where the largest one has `size`.
fn scaled(number: u64, most: u64, size: u32) -> u32 {
    if number == 0 || most == 0 {
        return 0;
    }
    let exact = u128::from(number) * u128::from(size) / u128::from(most);
    u32::try_from(exact).unwrap_or(size).clamp(LEAST, size)
}

/// A name that fits beside its bar.
fn short(name: &str) -> String {
    if name.chars().count() <= LETTERS {
        return name.to_owned();
    }
    name.chars().take(LETTERS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::words::Library;

    fn row(name: &str, parts: &[Part]) -> (String, Vec<Part>) {
        (name.to_owned(), parts.to_vec())
    }

    /// Everything that is drawn lies within the picture.
    fn fits(chart: &Chart) {
        for shape in &chart.shapes {
            assert!(shape.x + shape.width <= chart.width, "{shape:?}");
            assert!(shape.y + shape.height <= chart.height, "{shape:?}");
        }
        for text in &chart.texts {
            assert!(text.x <= chart.width && text.y <= chart.height && text.y >= LINE - 2, "{text:?}");
        }
    }

    #[test]
    fn a_bar_is_as_long_as_its_number_and_nothing_is_too_small_to_be_seen() {
        let rows = [
            row("first", &[("good", 100), ("bad", 100)]),
            row("second", &[("good", 50), ("bad", 0)]),
            row("third", &[("good", 1), ("bad", 0)]),
            row("a name of far too many letters", &[("good", 0), ("bad", 0)]),
        ];
        let chart = bars("words".to_owned(), &rows);
        fits(&chart);
        let widths: Vec<u32> = chart.shapes.iter().map(|shape| shape.width).collect();
        assert_eq!(widths, [72, 72, 36, LEAST]);
        assert_eq!(chart.shapes[1].x, NAME + 72, "one part begins where the other ends");
        let words: Vec<&str> = chart.texts.iter().map(|text| text.words.as_str()).collect();
        assert_eq!(words, ["first", "200", "second", "50", "third", "1", "a name of far …", "0"]);
    }

    #[test]
    fn columns_fit_whatever_their_numbers_are() {
        for most in [1, 7, 2000, u64::from(u32::MAX)] {
            let all: Vec<(String, Vec<Part>)> = (0..12)
                .map(|n| row("Nov", &[("good", most * n / 12), ("bad", 1), ("quiet", most / 3)]))
                .collect();
            let chart = columns("words".to_owned(), &all);
            fits(&chart);
            fits(&pairs("words".to_owned(), &all, "4 days".to_owned()));
        }
        let nothing = columns("words".to_owned(), &[row("Nov", &[("good", 0)]), row("Dec", &[])]);
        assert_eq!((nothing.shapes.len(), nothing.texts.len()), (0, 2));
        fits(&bars("words".to_owned(), &[]));
        fits(&columns("words".to_owned(), &[]));
        fits(&pairs("words".to_owned(), &[], String::new()));
    }

    #[test]
    fn a_month_has_its_name() {
        let library = Library::default();
        let w = library.of("en").unwrap();
        let names: Vec<String> = (1..=12).map(|n| month(w, &format!("2026-{n:02}"))).collect();
        assert_eq!((names[0].as_str(), names[11].as_str()), ("Jan", "Dec"));
        assert_eq!(month(w, "2026-13"), "2026-13");
    }
}
