# The API server: built and run on Debian 12.
FROM rust:1.94-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package api --bin callshop

FROM debian:12-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/callshop --create-home callshop
COPY --from=build /src/target/release/callshop /usr/local/bin/callshop
USER callshop
WORKDIR /var/lib/callshop
# the SQLite file, if that is the database
VOLUME /var/lib/callshop
ENV CALLSHOP_LISTEN=0.0.0.0:8080
EXPOSE 8080/tcp 8081/tcp
ENTRYPOINT ["callshop"]
CMD ["serve"]
