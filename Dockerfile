# One image for every service: `syncproof` with its arguments, or with SYNCPROOF_UP_* in the environment alone, so that it
# can be a service container in somebody's CI:
#   image: syncproof   env: {SYNCPROOF_UP_PARTS: "crm epic hl7", SYNCPROOF_UP_CONTROL_TOKEN: …}   ports: 4000-4042
# The packed package runs, not the sources: what is tested here is what npm users get.

FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# Without install scripts: the base image is the Node that the package "node" would download.
RUN npm ci --ignore-scripts
COPY . .
RUN node scripts/pack.ts --no-tarball

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev --omit=optional

FROM node:24-bookworm-slim
COPY --from=dependencies /app/node_modules /app/node_modules
COPY --from=build /src/.pack /app
RUN ln -s /app/bin/syncproof.js /usr/local/bin/syncproof \
  && useradd --system --uid 10001 --home-dir /data syncproof \
  && mkdir -p /data /ca && chown syncproof /data /ca
USER syncproof
WORKDIR /data
ENV NODE_ENV=production SYNCPROOF_UP_HOST=0.0.0.0
# control · epic: HTTP, TLS, HL7 in · crm: HTTP, TLS
EXPOSE 4000 4010 4011 4012 4040 4041
HEALTHCHECK --interval=5s --timeout=4s --start-period=20s --retries=6 CMD ["node", "/app/bin/healthcheck.js"]
ENTRYPOINT ["syncproof"]
CMD ["up"]
