# The image of a node, of any role; docker-compose.yml runs a cluster of them. It is made of what the
# build leaves in launcher/target/roost, so first:
#   ./mvnw -Dquick -DskipTests package
# Applications of your own: put their jars into /opt/roost/apps, in an image FROM this one.
FROM eclipse-temurin:25-jre-noble

RUN groupadd --system --gid 10001 roost \
  && useradd --system --uid 10001 --gid roost --no-create-home --shell /usr/sbin/nologin roost

COPY launcher/target/roost /opt/roost

# A number, so that whoever runs it can see that it is not root.
USER 10001:10001

# Memory of a container: the heap, the network's buffers, and about 150 MB for the JVM itself. Out of
# heap the process ends, and whatever runs the container starts another; out of buffers it goes on.
ENV JDK_JAVA_OPTIONS="-XX:MaxRAMPercentage=45 -XX:MaxDirectMemorySize=96m -XX:ReservedCodeCacheSize=64m -XX:+ExitOnOutOfMemoryError"

# Health and drain, reachable in the container only unless ROOST_ADMIN_HOST says otherwise.
ENV ROOST_ADMIN_PORT=4080

EXPOSE 4000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=120s --retries=2 CMD ["/opt/roost/bin/healthy"]
ENTRYPOINT ["/opt/roost/bin/roost"]
