# The hub as a program: `docker build -t mercure .`, then
# `docker run -p 3000:3000 -v mercure:/data -e MERCURE_PUBLISHER_JWT_KEY=… -e MERCURE_SUBSCRIBER_JWT_KEY=… mercure`.
FROM node:24-slim AS build
WORKDIR /hub
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build

# The engines of all transports, as they are tested; for the architecture and C library of the last stage.
FROM node:24-alpine AS engines
WORKDIR /engines
COPY package.json ./tested.json
RUN npm init -y > /dev/null
RUN npm install --omit=dev --no-audit --no-fund $(node -p "['typeorm','libsql','pg','mysql2','ioredis'].map((name) => name + '@' + require('./tested.json').devDependencies[name]).join(' ')")

FROM node:24-alpine
WORKDIR /hub
COPY --from=build /hub/package.json /hub/LICENSE ./
COPY --from=build /hub/dist/standalone.js /hub/dist/standalone.licenses.txt ./dist/
COPY --from=engines /engines/node_modules ./node_modules
# The last name that is read, so that every other way to set it comes before it.
ENV TRANSPORT_URL=sqlite:///data/mercure.db
RUN mkdir /data && chown node:node /data
VOLUME /data
USER node
EXPOSE 3000
# It reads the same environment as the hub, so it asks the right port, with TLS or without.
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s CMD ["node", "dist/standalone.js", "--health"]
# No shell between: SIGTERM must reach the hub, which ends its streams and exits.
CMD ["node", "dist/standalone.js"]
