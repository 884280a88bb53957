# The API server with its web pages, built and run on Debian 12.
FROM node:22-bookworm-slim AS web
WORKDIR /src
COPY . .
RUN web/build

FROM rust:1.94-slim-bookworm AS build
WORKDIR /src

# Build the dependencies first, from manifests and empty crates: this layer is cached until one of these files changes.
COPY Cargo.toml Cargo.lock ./
COPY billing/Cargo.toml billing/
COPY entity/Cargo.toml entity/
COPY migration/Cargo.toml migration/
COPY base/Cargo.toml base/
COPY telemetry/Cargo.toml telemetry/
COPY store/Cargo.toml store/
COPY transport/Cargo.toml transport/
COPY app/Cargo.toml app/
COPY graphql-macros/Cargo.toml graphql-macros/
COPY graphql/Cargo.toml graphql/
COPY sip/Cargo.toml sip/
COPY api/Cargo.toml api/
COPY tests/Cargo.toml tests/
COPY bench/Cargo.toml bench/
RUN for crate in billing entity migration base telemetry store transport app graphql-macros graphql sip api tests bench; do mkdir -p $crate/src && touch $crate/src/lib.rs; done \
 && mkdir billing/benches && touch billing/benches/rates.rs \
 && echo 'fn main() {}' | tee api/src/main.rs bench/src/main.rs >/dev/null \
 && cargo build --profile dist --locked --package api --bin callshop

COPY . .
COPY --from=web /src/web/dist web/dist
# the sources may be older than the empty files built above: touch them so that cargo rebuilds
RUN find billing entity migration base telemetry store transport app graphql-macros graphql sip api -name '*.rs' -exec touch {} + \
 && cargo build --profile dist --locked --package api --bin callshop

FROM debian:12-slim
ARG VERSION
LABEL org.opencontainers.image.title=callshop org.opencontainers.image.version=$VERSION
# CA certificates for rediss:// and https://
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/callshop --create-home callshop
COPY --from=build /src/target/dist/callshop /usr/local/bin/callshop
USER callshop
WORKDIR /var/lib/callshop
# for the SQLite file, if you use SQLite
VOLUME /var/lib/callshop
ENV CALLSHOP_LISTEN=0.0.0.0:8080
EXPOSE 8080/tcp 8081/tcp
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 CMD ["callshop", "healthcheck"]
ENTRYPOINT ["callshop"]
CMD ["serve"]
