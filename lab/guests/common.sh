# SPDX-License-Identifier: GPL-2.0
# Sourced by make-guest and start-guest: where things are.

here=$(dirname "$(realpath "$0")")
top=$(realpath "$here/../..")
dir=${DENSITY_BUILD:-$top/build}/guests
kernel=$dir/vmlinuz
initramfs=$dir/initramfs.cpio
qemu=qemu-system-x86_64

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}
