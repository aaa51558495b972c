# The same root file system that `npm run image` makes without Docker, in an empty image. The first stage only runs the
# script: whatever it downloads is checked against dev/image/pins.json or Debian's signed lists, so that its own version
# doesn't matter.
FROM --platform=$BUILDPLATFORM node:26-trixie-slim AS rootfs
ARG TARGETARCH
# credentials-updater, or poolc-api for the test environment's PoolC API server.
ARG IMAGE=credentials-updater
WORKDIR /source
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build \
 && npm run image -- --image "$IMAGE" --architecture "$TARGETARCH" \
 && mkdir /rootfs \
 && tar --extract --file "dist/image/$IMAGE-$TARGETARCH-rootfs.tar" --directory /rootfs

FROM scratch AS files
COPY --from=rootfs /rootfs/ /
USER 65532:65532
WORKDIR /
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt SSL_CERT_DIR=/etc/credentials-updater-ca/ NODE_ENV=production

# docker build --target poolc-api --build-arg IMAGE=poolc-api .
FROM files AS poolc-api
ENTRYPOINT ["/usr/local/bin/node", "--use-system-ca", "/app/poolc-api.mjs"]

FROM files AS credentials-updater
ENTRYPOINT ["/usr/local/bin/node", "--min-semi-space-size=4", "--max-semi-space-size=4", "--max-old-space-size=64", "--disable-sigusr1", "--use-system-ca", "/app/credentials-updater.mjs"]
