#!/usr/bin/env bash
# Makes benchmarks/target/gpu-bundle: all that benchmarks/gpu.sh needs on a machine that has a GPU but no Java, no Maven and no network.
#   java/         a Java runtime with the modules in use
#   lib/          trainer, benchmarks, engines and what they depend on
#   test-lib/     the engines' tests and a test runner
#   jvm.options   flags of every JVM
# Needs JDK 17, Maven, and 2 minutes.
#   --with-cpu    takes the cpu engine along (oneDNN, 30 MB more)
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
bundle=$root/benchmarks/target/gpu-bundle
limit_mib=55
with_cpu=false
for word in "$@"; do
  case $word in
    --with-cpu) with_cpu=true limit_mib=100 ;;
    *) echo "gpu-bundle: $word is not known; there is --with-cpu" >&2; exit 64 ;;
  esac
done
cd "$root"

modules=benchmarks,engines/cuda,engines/cpu
read -r -a maven <<<"mvn -B -q ${POLYGLOW_MVN_OPTIONS:-}"
junit=$(sed -n 's|.*<junit.version>5\.\(.*\)</junit.version>.*|\1|p' pom.xml)

echo "gpu-bundle: building $modules ..."
"${maven[@]}" -Dfast -DskipTests package dependency:copy-dependencies -pl "$modules" -am \
  -DincludeScope=test '-DoutputDirectory=${project.build.directory}/bundle-lib'
rm -rf "$bundle"
mkdir -p "$bundle/lib" "$bundle/test-lib"
"${maven[@]}" dependency:copy -pl benchmarks "-Dartifact=org.junit.platform:junit-platform-console-standalone:1.$junit" \
  "-DoutputDirectory=$bundle/test-lib"

# Jars of one module and of what it depends on. The console launcher contains JUnit; the engines' tests use neither properties nor soft assertions.
collect() {
  local jar
  for jar in "$root/$1"/target/bundle-lib/*.jar "$root/$1"/target/polyglow-*.jar; do
    case ${jar##*/} in
      junit-* | opentest4j-* | apiguardian-* | *-sources.jar) ;;
      dnnl-* | opencl-* | polyglow-engine-cpu-*) ! $with_cpu || cp "$jar" "$bundle/lib/" ;;
      byte-buddy-* | jqwik-*) ;;
      *-tests.jar | assertj-*) cp "$jar" "$bundle/test-lib/" ;;
      *) cp "$jar" "$bundle/lib/" ;;
    esac
  done
}
collect benchmarks
collect engines/cuda
if $with_cpu; then
  collect engines/cpu
fi

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
java_home=$("$java" -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java.home = //p')
[ -d "$java_home/jmods" ] || { echo "gpu-bundle: $java_home has no jmods; set JAVA_HOME to a whole JDK 17" >&2; exit 69; }
used=$("$java_home/bin/jdeps" --multi-release 17 --ignore-missing-deps --print-module-deps "$bundle"/lib/*.jar)
# desktop and compiler are for beans and generators in libraries, which nothing here calls; the others are for tests, services and reflection
used=$(tr ',' '\n' <<<"$used" | grep -vx -e java.desktop -e java.compiler | paste -sd ,)
linked=$used,java.logging,java.management,java.xml,jdk.incubator.vector,jdk.unsupported,jdk.zipfs
"$java_home/bin/jlink" --module-path "$java_home/jmods" --add-modules "$linked" --strip-debug --no-header-files --no-man-pages \
  --compress=2 --output "$bundle/java"
# links do not survive every way of copying
find "$bundle/java" -type l | while read -r link; do cp --remove-destination "$(readlink -f "$link")" "$link"; done
# without the flags that open modules which this runtime lacks
tr ' ' '\n' <common/target/classes/io/polyglow/common/jvm.options | grep -v '^--add-opens=java.security.jgss/' |
  paste -sd ' ' - >"$bundle/jvm.options"
git rev-parse HEAD >"$bundle/revision" 2>/dev/null || true

bytes=$(du -sb "$bundle" | cut -f1)
packed=$(tar -C "$bundle/.." -cf - gpu-bundle | gzip -1 | wc -c)
echo "gpu-bundle: $bundle"
du -sh "$bundle"/*
echo "gpu-bundle: linked $linked"
echo "gpu-bundle: $((bytes >> 20)) MiB as it lies, $((packed >> 20)) MiB packed"
[ $((bytes >> 20)) -le $limit_mib ] || { echo "gpu-bundle: more than $limit_mib MiB" >&2; exit 70; }
