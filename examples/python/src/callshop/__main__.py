"""The commands of this package. `python3 -m callshop --help` lists them."""

from __future__ import annotations

import argparse
import csv
import sys
import uuid
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlencode

from . import operations
from .calls import calls, month_of
from .client import Client
from .errors import CallshopError, RequestFailed
from .operations import ImportJob, Question
from .tariffs import ImportFailed, Unanswered, differences, import_deck


def say(text: str) -> None:
    """Prints a message for people on the standard error, because the standard output has only results."""
    print(text, file=sys.stderr)


def write_csv(header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Writes rows to the standard output."""
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(header)
    table.writerows(rows)


def text_cell(text: str) -> str:
    """A carrier's text, escaped so that no spreadsheet reads the cell as a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def report(job: ImportJob) -> None:
    """Shows what an import found."""
    for problem in job["problems"]:
        place = f" in line {problem['line']}" if problem["line"] > 0 else ""
        say(f"{problem['severity']}{place}: {problem['message']} {problem['remedy'] or ''}".rstrip())
    if job["problemsTotal"] > len(job["problems"]):
        say(f"… and {job['problemsTotal'] - len(job['problems'])} more problems")
    for aside in job["setAside"]:
        say(f"{aside['rows']} rows set aside: {aside['reason']}")
    if job["changes"] is not None:
        say(", ".join(f"{count} {kind}" for kind, count in job["changes"].items()))
    for warning in job["margin"]["warnings"] if job["margin"] else []:
        say(f"below cost: {warning['prefix']} {warning['destination']} {warning['retailPerMinute']} < {warning['costPerMinute']}")


def say_impact(client: Client, version_id: str) -> None:
    """Shows what the calls of the last 30 days would have cost. The import succeeds even if the token may not read that."""
    try:
        version = client.run(operations.impact(version_id=version_id))["tariffVersion"]
    except RequestFailed as error:
        if error.code != "GRAPHQL_VALIDATION_FAILED":
            raise
        say("The calls of the last 30 days are not shown: the token needs the scope reports:read.")
        return
    if version is not None:
        money = version["impact"]
        say(f"calls of the last 30 days at these prices: {money['calls']}, margin {money['margin']['amount']} "
            f"({money['marginChange']['amount']}) {money['retail']['currency']}")


def run_import(client: Client, chosen: argparse.Namespace) -> None:
    """Imports a deck, and prints the id of the new version."""
    answers = dict(pair.split("=", 1) for pair in chosen.answer)

    def answer(question: Question) -> int | None:
        given = answers.get(question["code"], "")
        return int(given) - 1 if given.isdecimal() and 1 <= int(given) <= len(question["answers"]) else None

    try:
        job = import_deck(
            client,
            chosen.deck,
            tariff_id=chosen.tariff,
            mode=chosen.mode,
            mapping=chosen.mapping.read_text(encoding="utf-8") if chosen.mapping else None,
            mapping_id=chosen.mapping_id,
            dry_run=chosen.dry_run,
            note=chosen.note,
            key=chosen.key,
            answer=answer,
        )
    except ImportFailed as failed:
        report(failed.job)
        raise
    report(job)
    if job["version"] is not None:
        say_impact(client, job["version"]["id"])
        say(f"version {job['version']['number']} is a draft")
        print(job["version"]["id"])


def run_schedule(client: Client, chosen: argparse.Namespace) -> None:
    """Puts a version in force."""
    # with a key, the client may send the request again after a lost answer
    key = str(uuid.uuid4())
    request = operations.activate_tariff_version(input={"versionId": chosen.version, "at": chosen.at, "idempotencyKey": key})
    done = client.run(request)["activateTariffVersion"]
    version, below_cost, replacing = done["version"], done["margin"], done["next"]
    assert version is not None
    say(f"version {version['number']} is {version['state']} from {version['activeFrom']}")
    if below_cost is not None and below_cost["total"] > 0:
        say(f"{below_cost['total']} prices are below cost")
    if replacing is not None:
        say(f"version {replacing['number']} replaces it at {replacing['activeFrom']}, without these changes")


def run_compare(client: Client, chosen: argparse.Namespace) -> None:
    """Prints what differs between two versions."""
    for change in differences(client, chosen.earlier, chosen.later):
        old, new = (rate["pricePerMinute"]["amount"] if rate else "-" for rate in (change["before"], change["after"]))
        percent = f" ({change['percent']} %)" if change["percent"] else ""
        print(f"{change['kind']} {change['prefix']} {change['destination']}: {old} -> {new}{percent}")


def run_quote(client: Client, chosen: argparse.Namespace) -> None:
    """Prints the price of a call made now."""
    quote = client.run(operations.quote(callshop_id=chosen.shop, number=chosen.number))["quote"]
    if quote["userErrors"]:
        raise CallshopError(quote["userErrors"][0]["code"], quote["userErrors"][0]["message"])
    price = quote["pricePerMinute"]
    assert price is not None
    print(f"{quote['number']} {quote['destination']}: {price['amount']} {price['currency']} per minute")


def run_rate(client: Client, chosen: argparse.Namespace) -> None:
    """Prints the rate that a version has for a number: the longest prefix."""
    found = client.run(operations.rates(version_id=chosen.version, search={"number": chosen.number}))["rates"]["nodes"]
    if not found:
        raise CallshopError("DESTINATION_NOT_RATED", f"The version has no rate for {chosen.number}.")
    rate = max(found, key=lambda rate: len(rate["prefix"]))
    price = rate["pricePerMinute"]
    print(f"{rate['prefix']} {rate['destination']}: {price['amount']} {price['currency']} per minute")


def run_export_calls(client: Client, chosen: argparse.Namespace) -> None:
    """Prints the calls of a month as CSV."""
    header = ["authorizedAt", "number", "destination", "state", "billedSeconds", "cost", "currency"]
    period = month_of(client, chosen.shop, chosen.month)
    write_csv(header, (
        [call["authorizedAt"], call["number"], text_cell(call["destination"]), call["state"], call["billedSeconds"],
         call["cost"]["amount"], call["cost"]["currency"]]
        for call in calls(client, chosen.shop, period)
    ))


def run_export_rates(client: Client, chosen: argparse.Namespace) -> None:
    """Prints the rates of a version as CSV in the server's own format."""
    for part in client.download(f"/export/rates?{urlencode({'tariffVersionId': chosen.version})}"):
        sys.stdout.buffer.write(part)


def run_tariffs(client: Client, chosen: argparse.Namespace) -> None:
    """Prints the id, the version in force, and the name of each tariff."""
    after: str | None = None
    while True:
        page = client.run(operations.tariffs(after=after))["tariffs"]
        for tariff in page["nodes"]:
            version = tariff["activeVersion"]
            print(tariff["id"], version["id"] if version else "-", tariff["name"])
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def run_shops(client: Client, chosen: argparse.Namespace) -> None:
    """Prints the id, the time zone, and the name of each callshop."""
    after: str | None = None
    while True:
        page = client.run(operations.callshops(after=after))["callshops"]
        for shop in page["nodes"]:
            print(shop["id"], shop["timeZone"], shop["name"])
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def run_token(client: Client, chosen: argparse.Namespace) -> None:
    """Prints what the token may do."""
    token = client.run(operations.own_token())["apiToken"]
    if token is None:
        raise CallshopError("FORBIDDEN", "This is the token of a login. Create an API token.")
    print(f"{token['name']}: {' '.join(token['scopes'])}, until {token['expiresAt']}")


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    options = argparse.ArgumentParser(prog="callshop", description="Manages tariffs. CALLSHOP_API is the address of the API, "
                                      "and CALLSHOP_TOKEN or the file CALLSHOP_TOKEN_FILE is the token.")
    commands = options.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, help: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help, description=help)
        added.set_defaults(run=run)
        return added

    command("token", run_token, "show what the token may do")
    command("shops", run_shops, "list the callshops, each with its time zone")
    command("tariffs", run_tariffs, "list the tariffs, each with the id of its version in force")
    one = command("import", run_import, "import a rate deck as a draft, and print the id of the version")
    one.add_argument("deck", type=Path, help="CSV, TSV or XLSX, which may be compressed with gzip")
    one.add_argument("--tariff", required=True, metavar="ID")
    one.add_argument("--mode", choices=["MERGE", "REPLACE", "REPLACE_COUNTRIES"], default="MERGE")
    one.add_argument("--mapping", type=Path, metavar="FILE", help="the carrier's mapping, as JSON")
    one.add_argument("--mapping-id", metavar="ID", help="a saved mapping; --mapping completes or corrects it")
    one.add_argument("--answer", action="append", default=[], metavar="CODE=NUMBER", help="the answer to a question about the deck")
    one.add_argument("--dry-run", action="store_true", help="only say what would change")
    one.add_argument("--note", default="", help="description of the version; the name of the file if omitted")
    one.add_argument("--key", help="idempotency key, with which a repeated command continues the first import")
    one = command("schedule", run_schedule, "put a version in force")
    one.add_argument("version")
    one.add_argument("--at", metavar="TIME", help="such as 2026-12-01T00:00:00-03:00; now if omitted")
    one = command("compare", run_compare, "list what differs between two versions")
    one.add_argument("earlier")
    one.add_argument("later")
    one = command("quote", run_quote, "show the price of a call made now")
    one.add_argument("--shop", required=True, metavar="ID")
    one.add_argument("number", help="as it is dialed in the callshop")
    one = command("rate", run_rate, "show the rate of a version for a number")
    one.add_argument("version")
    one.add_argument("number", help="such as +351912345678")
    one = command("export-calls", run_export_calls, "write the calls of a month as CSV")
    one.add_argument("--shop", required=True, metavar="ID")
    one.add_argument("month", help="such as 2026-11, in the callshop's time zone")
    one = command("export-rates", run_export_rates, "write the rates of a version as CSV")
    one.add_argument("version")
    return options


def main() -> None:
    """Runs a command. The exit status is 1 after an error, and 3 if a question about the deck has no answer."""
    chosen = parser().parse_args()
    try:
        chosen.run(Client.from_environment(), chosen)
    except Unanswered as unanswered:
        for question in unanswered.questions:
            say(f"{question['code']}: {question['text']} ({question['example']})")
            for number, choice in enumerate(question["answers"], 1):
                say(f"  --answer {question['code']}={number}  {choice['text']}")
        sys.exit(3)
    except (CallshopError, ValueError, OSError) as error:
        sys.exit(f"callshop: {error}")


if __name__ == "__main__":
    main()
