#!/usr/bin/python3
"""Reaches an mtty device through its own registers, as a guest does: mtty.py DEVICE COMMAND…

DEVICE is vfio:UUID, or fd:N for one that is open already.

    send PORT TEXT      sends TEXT out of a port, which this device loops back into its FIFO
    receive PORT        prints and takes out what stands in a port's FIFO
    set PORT REGISTER BYTE
                        writes a register of the UART
    registers           prints the registers of each port that reading does not change
    state               prints the migration state's name

Says nothing of migration to the device but for `state`.
"""

import fcntl
import os
import struct
import sys

DEVICE_FEATURE, BIND, REGION_INFO = 0x3B75, 0x3B76, 0x3B6C
STATES = ["ERROR", "STOP", "RUNNING", "STOP_COPY", "RESUMING", "RUNNING_P2P", "PRE_COPY", "PRE_COPY_P2P"]
# include/uapi/linux/serial_reg.h; reading RX (0) takes a byte out, and IIR (2) acknowledges.
NAMES = {1: "IER", 3: "LCR", 4: "MCR", 5: "LSR", 6: "MSR", 7: "SCR"}


class Device:
    def __init__(self, name):
        scheme, name = name.split(":", 1)
        if scheme == "fd":
            self.device = int(name)
            return
        folder = f"/sys/bus/mdev/devices/{name}/vfio-dev"
        self.iommufd = os.open("/dev/iommu", os.O_RDWR)
        self.device = os.open(f"/dev/vfio/devices/{os.listdir(folder)[0]}", os.O_RDWR)
        fcntl.ioctl(self.device, BIND, struct.pack("IIiI", 16, 0, self.iommufd, 0))

    def region(self, index):
        """Offset and size."""
        data = fcntl.ioctl(self.device, REGION_INFO, struct.pack("IIIIQQ", 32, 0, index, 0, 0, 0))
        fields = struct.unpack("IIIIQQ", data)
        return fields[5], fields[4]

    def ports(self):
        return [port for port in (0, 1) if self.region(port)[1]]

    def read(self, port, register):
        return os.pread(self.device, 1, self.region(port)[0] + register)[0]

    def write(self, port, register, byte):
        os.pwrite(self.device, bytes([byte]), self.region(port)[0] + register)

    def receive(self, port):
        text = b""
        # LSR: data ready.
        while self.read(port, 5) & 1 and len(text) < 64:
            text += bytes([self.read(port, 0)])
        return text

    def state(self):
        # VFIO_DEVICE_FEATURE_GET of VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE.
        data = fcntl.ioctl(self.device, DEVICE_FEATURE, struct.pack("IIIi", 16, 1 << 16 | 2, 0, -1))
        return STATES[struct.unpack("IIIi", data)[2]]


def main():
    device, (command, *rest) = Device(sys.argv[1]), sys.argv[2:]
    if command == "send":
        for byte in rest[1].encode():
            device.write(int(rest[0]), 0, byte)
    elif command == "receive":
        print(device.receive(int(rest[0])).decode("ascii", "backslashreplace"))
    elif command == "set":
        device.write(int(rest[0]), int(rest[1], 0), int(rest[2], 0))
    elif command == "registers":
        for port in device.ports():
            print(port, *(f"{name}={device.read(port, number):02x}" for number, name in NAMES.items()))
    elif command == "state":
        print(device.state())
    else:
        sys.exit(__doc__)


main()
