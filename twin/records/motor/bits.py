"""Bits of the fields MSTA and MIP, as in motor.h and motorRecord.cc."""

__all__ = ["Mip", "Msta"]


class Msta:
    """The motor's status."""

    DIRECTION = 0x0001
    DONE = 0x0002
    PLUS_LS = 0x0004
    HOME = 0x0008
    SLIP_STALL = 0x0040
    ENCODER_HOME = 0x0080
    PRESENT = 0x0100
    PROBLEM = 0x0200
    MOVING = 0x0400
    COMM_ERR = 0x1000
    MINUS_LS = 0x2000
    HOMED = 0x4000


class Mip:
    """What motion is in progress."""

    DONE = 0x0000
    JOGF = 0x0001
    JOGR = 0x0002
    JOG_BL1 = 0x0004
    HOMF = 0x0008
    HOMR = 0x0010
    MOVE = 0x0020
    RETRY = 0x0040
    LOAD_P = 0x0080
    MOVE_BL = 0x0100
    STOP = 0x0200
    DELAY_REQ = 0x0400
    DELAY_ACK = 0x0800
    JOG_REQ = 0x1000
    JOG_STOP = 0x2000
    JOG_BL2 = 0x4000
    EXTERNAL = 0x8000

    JOG = JOGF | JOGR | JOG_BL1 | JOG_BL2
    HOME = HOMF | HOMR
    DELAY = DELAY_REQ | DELAY_ACK
    #: After these, the drive fields keep their values.
    TO_TARGET = MOVE | MOVE_BL | JOG_BL1 | JOG_BL2
