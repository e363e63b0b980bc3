# The drop box of the profile `sftp` in docker-compose.yaml: a place to try delivery over SFTP, not a clearinghouse.
# OpenSSH as Debian keeps it up to date, because that is what most receivers run.
FROM debian:bookworm-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends openssh-server \
    && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_* \
    && useradd --uid 50001 --no-create-home --shell /usr/sbin/nologin practice

COPY sshd_config /etc/ssh/sshd_config
COPY start_sftp.sh /usr/local/bin/start_sftp.sh

CMD ["/usr/local/bin/start_sftp.sh"]
