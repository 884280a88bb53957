# Functions for scripts that use the API of callshop. Source this file in bash 4.4 or newer; it needs curl and jq.
#
#   CALLSHOP_API           the address of the API, such as https://shop.example/graphql
#   CALLSHOP_TOKEN_FILE    a file with the API token; or CALLSHOP_TOKEN, the token itself
#   CALLSHOP_LANGUAGE      the language of the server's messages: en (if unset), pt or es
#
# The functions end the script with a message if they fail.

say() { printf '%s\n' "$*" >&2; }
fail() { say "${0##*/}: $*"; exit 1; }

command -v curl >/dev/null && command -v jq >/dev/null || fail "Install curl and jq."
[[ ${CALLSHOP_API:-} =~ ^(https?://[^/]+)/ ]] || fail "Set CALLSHOP_API to the address of the API, such as https://shop.example/graphql"
server=${BASH_REMATCH[1]}
if [ -n "${CALLSHOP_TOKEN_FILE:-}" ]; then CALLSHOP_TOKEN=$(<"$CALLSHOP_TOKEN_FILE"); fi
[[ ${CALLSHOP_TOKEN:-} =~ ^[A-Za-z0-9._-]+$ ]] || fail "Set CALLSHOP_TOKEN_FILE or CALLSHOP_TOKEN to an API token, such as cs_…"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# send CURL-OPTION…: sends a request, leaves its answer in $work/answer, and sets $status (000 without an answer) and $code (of the first error)
send() {
  : >"$work/answer" >"$work/headers"
  status=$(curl --silent --globoff --max-time 600 --connect-timeout 10 --output "$work/answer" --dump-header "$work/headers" --write-out '%{http_code}' "$@") ||
    status=000
  code=$(jq -r '.errors[0].extensions.code // empty' "$work/answer" 2>"$work/no-json") || code=
}

# repeat IS_REPEATABLE COMMAND…: runs a command that sends a request, and repeats it while a later attempt may succeed. A request that may have taken
# effect is repeated only if IS_REPEATABLE is `yes`.
repeat() {
  local is_repeatable=$1 pause=1 attempt asked
  shift
  for attempt in 1 2 3 4 5 6; do
    "$@"
    case $status:$code in
      *:RATE_LIMITED | *:SHUTTING_DOWN | *:TOO_MANY_SOCKETS) ;;
      000:* | 502:* | 503:* | 504:* | *:OVERLOADED | *:QUERY_TIMEOUT | *:BODY_TIMEOUT) [ "$is_repeatable" = yes ] || break ;;
      *) break ;;
    esac
    [ "$attempt" -lt 6 ] || break
    asked=$(sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9]\{1,2\}\).*/\1/p' "$work/headers")
    sleep "${asked:-$pause}"
    pause=$((pause * 2))
  done
  if [ "$status" = 000 ]; then fail "UNREACHABLE: $server did not answer."; fi
  # a document may have several errors, and the first one may be only a consequence of another
  if [ -n "$code" ]; then fail "$code: $(jq -r '[.errors[].message] | join(" ")' "$work/answer")"; fi
  [[ $status = 2* ]] || fail "The answer with status $status does not come from the API. Check CALLSHOP_API."
}

# the token is in a file, because every user of the machine can read the arguments of curl
post() {
  send --config <(printf 'header = "Authorization: Bearer %s"\n' "$CALLSHOP_TOKEN") --header 'Content-Type: application/json' \
    --header 'Accept: application/graphql-response+json' --header "Accept-Language: ${CALLSHOP_LANGUAGE:-en}" --data-binary @"$work/request" "$CALLSHOP_API"
}

# ask DOCUMENT [VARIABLES]: prints the data of the answer. The errors of a mutation's payload are failures.
ask() {
  local variables=${2:-null} is_repeatable=yes refused
  # the variables may be too large for a command-line argument
  jq --arg query "$1" '{$query, variables: .}' <<<"$variables" >"$work/request"
  if [[ $1 = mutation* ]]; then
    is_repeatable=$(jq -r 'if .variables.input.idempotencyKey then "yes" else "no" end' "$work/request")
  fi
  repeat "$is_repeatable" post
  if [[ $1 = mutation* ]]; then
    refused=$(jq -r '[.data[].userErrors[]] | if . == [] then empty else "\(.[0].code): \(map(.message) | join(" "))" end' "$work/answer")
    [ -z "$refused" ] || fail "$refused"
  fi
  jq -c .data "$work/answer"
}

# upload URL FILE: uploads a file to an `uploadUrl`, which is signed and needs no token
upload() { repeat yes send --upload-file "$2" "$server$1"; }
