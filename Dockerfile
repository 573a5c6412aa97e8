# The image of the product: one process of it, named by the command (`collect`, `digest`, `serve` …).
# Nothing is compiled and nothing runs in the last stage, so an image for ARM is made on any machine:
#   docker build --platform linux/arm64 -t weir .
# A weir.config.ts beside this file goes into it.

# The dependencies of the platform that the image is for, installed on the one that builds it.
FROM --platform=$BUILDPLATFORM node:24.21.0-bookworm-slim AS dependencies
ARG TARGETARCH
WORKDIR /app
COPY package.json package-lock.json ./
# npm says nothing where a binary is not to be had for a platform: `ls` does, and ends the build.
# The signer for Amazon MSK is no dependency of the package; here it becomes one, as it is locked.
RUN cpu=$([ "$TARGETARCH" = amd64 ] && echo x64 || echo "$TARGETARCH") && \
    npm install --package-lock-only --save-prod --save-exact aws-msk-iam-sasl-signer-js@1.0.3 && \
    npm ci --omit=dev --ignore-scripts --no-audit --no-fund --os=linux --libc=glibc --cpu="$cpu" && \
    ls -d node_modules/@duckdb/node-bindings-linux-"$cpu" \
      node_modules/@node-rs/crc32-linux-"$cpu"-gnu && \
    rm -rf node_modules/node-linux-* node_modules/.bin && \
    mkdir /data

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production WEIR_DATA=/data
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=dependencies --chown=node:node /data /data
COPY package.json weir.config.t[s] ./
COPY spark ./spark
COPY sdk/dist ./sdk/dist
COPY web/dist ./web/dist
COPY src ./src
USER node
VOLUME ["/data"]
EXPOSE 8787
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:'+(process.env.WEIR_PORT||8787)+'/healthz').then(a=>process.exit(a.ok?0:1))"]
ENTRYPOINT ["node", "src/main/bin.ts"]
CMD ["start", "--traffic", "0"]
