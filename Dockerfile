# Node's official image gives Node, distroless what is under it: libraries, certificate authorities, a user; nothing to run.
# A bot keeps both versions (renovate.json). What stands in for this where there is no Docker: dev/image.
FROM --platform=$BUILDPLATFORM node:26.10.0-trixie-slim AS build
WORKDIR /source
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build

FROM node:26.10.0-trixie-slim AS node

FROM gcr.io/distroless/cc-debian13:nonroot AS base
# libatomic is the one library that Node needs and distroless lacks.
COPY --from=node /usr/lib/*-linux-gnu/libatomic.so.1* /usr/lib/
COPY --from=node /usr/local/bin/node /usr/local/bin/node
# For authorities of a club's own. Node says on stderr when a directory of SSL_CERT_DIR is missing.
USER 0
WORKDIR /etc/credentials-updater-ca
WORKDIR /
USER 65532:65532
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt SSL_CERT_DIR=/etc/credentials-updater-ca/ NODE_ENV=production

# docker build --target poolc-api .
FROM base AS poolc-api
COPY --from=build /source/dist/poolc-api.mjs /source/dist/publish-secrets.mjs /app/
ENTRYPOINT ["/usr/local/bin/node", "--use-system-ca", "/app/poolc-api.mjs"]

FROM base AS credentials-updater
COPY --from=build /source/dist/credentials-updater.mjs /app/
ENTRYPOINT ["/usr/local/bin/node", "--min-semi-space-size=4", "--max-semi-space-size=4", "--max-old-space-size=64", "--disable-sigusr1", "--use-system-ca", "/app/credentials-updater.mjs"]
