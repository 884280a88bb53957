//! `callshop export`.

use std::io::{IsTerminal as _, Write};
use std::path::PathBuf;
use std::time::Duration;

use app::exports::{self, Export, Format, Subject};
use clap::{Args, ValueEnum};
use entity::Book;
use graphql::exports::{Asked, global_id};
use indicatif::{ProgressBar, ProgressStyle};

use super::{ConfigArgs, Failure, account_id, not_found, operator};

pub(super) const HELP: &str = "\
The file has one line for each row, oldest first or by prefix. Rows are written as they are read, so the file may be of any size. An account above
callshops exports the rows of all callshops below it, one callshop after the other. Times have the offset of the account's time zone. docs/exports.md
describes the columns.

A day or a month means the whole day or month: `--from 2026-11 --to 2026-11` is November. A time with an offset is exact, and `--to` then excludes it.

Examples:
  callshop export calls --account shop1 --from 2026-11 --to 2026-11 --output november.csv
  callshop export ledger --account lima --book credit --from 2026-11-01 --format jsonl | jq .amount
  callshop export rates --tariff-version VGFyaWZm… > deck.csv
  callshop export statement --account shop1 --from 2026-11 --to 2026-11 --format pdf --output statement.pdf
  callshop export price-list --account shop1 --locale pt-BR --output prices.csv

Exit status: 0 if the file is complete, 1 otherwise. Progress is shown on standard error.";

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Rows to export.
    subject: SubjectArg,
    /// Code of the account or callshop, or its global id as the API returns it. Required for everything except rates.
    #[arg(long, value_name = "CODE|ID")]
    account: Option<String>,
    /// Global id of the tariff version, as `callshop tariff versions` prints it. Required for rates.
    #[arg(long, value_name = "ID")]
    tariff_version: Option<String>,
    /// Beginning of the period: a day, a month, or a time with an offset. If omitted, the period begins with the first row.
    #[arg(long, value_name = "DAY|MONTH|TIME")]
    from: Option<String>,
    /// End of the period. If omitted, the period lasts until now.
    #[arg(long, value_name = "DAY|MONTH|TIME")]
    to: Option<String>,
    /// Book of the ledger, such as credit, revenue or drawer. If omitted, credit.
    #[arg(long, value_name = "BOOK", value_parser = book)]
    book: Option<Book>,
    /// Format of the file.
    #[arg(long, default_value = "csv")]
    format: FormatArg,
    /// Language of a PDF document and of the country names in a price list, such as pt-BR: Portuguese, Spanish or English. Another language gives
    /// English. If omitted, the platform's language.
    #[arg(long, value_name = "TAG")]
    locale: Option<String>,
    /// File to write. The file must not exist yet. If omitted, standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SubjectArg {
    /// Rates of a tariff version, as a rate deck that `callshop tariff import` reads.
    Rates,
    /// Call attempts that were authorized in the period.
    Calls,
    /// Changes to one book of an account.
    Ledger,
    /// Payments and refunds of customers.
    Payments,
    /// Shifts of the register, by the time of their opening.
    Shifts,
    /// Statement of an account: opening balance, movements, closing balance.
    Statement,
    /// The prices in force for a callshop's customers.
    PriceList,
}

impl From<SubjectArg> for Subject {
    fn from(subject: SubjectArg) -> Self {
        match subject {
            SubjectArg::Rates => Self::Rates,
            SubjectArg::Calls => Self::Calls,
            SubjectArg::Ledger => Self::Ledger,
            SubjectArg::Payments => Self::Payments,
            SubjectArg::Shifts => Self::Shifts,
            SubjectArg::Statement => Self::Statement,
            SubjectArg::PriceList => Self::PriceList,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatArg {
    /// Comma-separated values.
    Csv,
    /// One JSON object per line.
    Jsonl,
    /// A document to print; only for statements and price lists.
    Pdf,
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Csv => Self::Csv,
            FormatArg::Jsonl => Self::Jsonl,
            FormatArg::Pdf => Self::Pdf,
        }
    }
}

fn book(text: &str) -> Result<Book, String> {
    let name = text.to_uppercase().replace('-', "_");
    name.parse().map_err(|_| "the books are credit, issued, revenue, drawer, sales, deposits, receivable, rounding, variance, outside and write-off".to_owned())
}

pub(super) async fn run(args: ExportArgs) -> Result<(), Failure> {
    let config = args.config.clone();
    let what = match (&args.account, &args.tariff_version) {
        (_, Some(version)) => format!("tariff version {version:?}"),
        (account, None) => format!("account {:?}", account.as_deref().unwrap_or_default()),
    };
    Box::pin(export(args)).await.map_err(|error| not_found(error, &what, &config))
}

async fn export(args: ExportArgs) -> Result<(), Failure> {
    let (app, operator) = operator(&args.config).await?;
    let account_id = match &args.account {
        Some(account) => Some(account_id(&app, &operator, account).await?),
        None => None,
    };
    let has_rows = !matches!(args.format, FormatArg::Pdf);
    let asked = Asked {
        subject: args.subject.into(),
        account_id: account_id.map(Into::into),
        tariff_version_id: args.tariff_version.map(Into::into),
        from: args.from,
        to: args.to,
        book: args.book,
        format: args.format.into(),
        locale: args.locale,
    };
    let request = asked.request(&app).await?;
    let mut export = exports::open(&app, &operator, &request, global_id).await?;
    match &args.output {
        Some(path) => {
            let file = std::fs::File::create_new(path)
                .map_err(|error| format!("cannot create {}: {error}", path.display()))?;
            let written = write(&mut export, file, has_rows).await;
            if written.is_err() {
                // nobody must mistake an incomplete file for a whole one
                drop(std::fs::remove_file(path));
            }
            written
        }
        None => write(&mut export, std::io::stdout(), has_rows).await,
    }
}

/// Writes the whole export, and shows the number of rows on standard error. A document has no rows.
async fn write(export: &mut Export, mut file: impl Write, has_rows: bool) -> Result<(), Failure> {
    let bar =
        if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} rows, {per_sec}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    while let Some(part) = export.next().await? {
        match file.write_all(&part) {
            // the reader of a pipe, such as `head`, may stop early
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
        bar.set_position(export.written());
    }
    file.flush()?;
    bar.finish_and_clear();
    if has_rows {
        eprintln!("rows: {}", export.written());
    }
    Ok(())
}
