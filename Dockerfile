# The hub as a program: `docker build -t mercure .`, then
# `docker run -p 3000:3000 -e MERCURE_PUBLISHER_JWT_KEY=… -e MERCURE_SUBSCRIBER_JWT_KEY=… mercure`.
FROM node:24-slim AS build
WORKDIR /hub
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build

FROM node:24-alpine
WORKDIR /hub
COPY --from=build /hub/package.json /hub/LICENSE ./
COPY --from=build /hub/dist/standalone.js /hub/dist/standalone.licenses.txt ./dist/
USER node
EXPOSE 3000
# It reads the same environment as the hub, so it asks the right port, with TLS or without.
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s CMD ["node", "dist/standalone.js", "--health"]
# No shell between: SIGTERM must reach the hub, which ends its streams and exits.
CMD ["node", "dist/standalone.js"]
