/*
 * A PCI Express capability for the mtty devices of the lab: build-kernel puts this file beside mtty.c,
 * which has no register that QEMU compares and that differs from host to host.
 *
 * mtty.link_status, where it is not 0, gives each device that is made from then on the capability, with that
 * Link Status and with Max Payload Supported of mtty.max_payload (0 is 128 bytes). The layout and the values
 * at reset are those of PCIe Base 6.0, 7.5.3: version 2, an endpoint of 8 GT/s and four lanes.
 */
#include <linux/module.h>
#include <linux/types.h>
#include <linux/unaligned.h>

static ushort link_status;
module_param(link_status, ushort, 0644);
static ushort max_payload;
module_param(max_payload, ushort, 0644);

enum {
	/* Behind the name that mtty keeps at 0x60. */
	EXPRESS_AT = 0x70,
	SPACE_STATUS = 0x06, SPACE_STATUS_CAPABILITIES = 0x10, SPACE_POINTER = 0x34,
	EXPRESS_FLAGS = 0x02, EXPRESS_DEVICE = 0x04, EXPRESS_DEVICE_CONTROL = 0x08, EXPRESS_LINK = 0x0c,
	EXPRESS_LINK_STATUS = 0x12, EXPRESS_LINK_2 = 0x2c, EXPRESS_LINK_CONTROL_2 = 0x30,
};

static void add_express(u8 *space)
{
	u8 *express = space + EXPRESS_AT;

	if (!link_status)
		return;
	space[SPACE_STATUS] |= SPACE_STATUS_CAPABILITIES;
	space[SPACE_POINTER] = EXPRESS_AT;
	express[0] = 0x10;
	put_unaligned_le16(0x0002, express + EXPRESS_FLAGS);
	/* Role-based error reporting, which every endpoint since PCIe 1.1 has. */
	put_unaligned_le32(0x00008000 | (max_payload & 7), express + EXPRESS_DEVICE);
	/* Relaxed ordering, no snoop, requests of 512 bytes. */
	put_unaligned_le16(0x2810, express + EXPRESS_DEVICE_CONTROL);
	put_unaligned_le32(0x00000043, express + EXPRESS_LINK);
	put_unaligned_le32(0x0000000e, express + EXPRESS_LINK_2);
	put_unaligned_le16(0x0003, express + EXPRESS_LINK_CONTROL_2);
	put_unaligned_le16(link_status, express + EXPRESS_LINK_STATUS);
}
