# What the verbs share: serial link, firmware files, filesystem, configuration, certificates.
