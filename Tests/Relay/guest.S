/* A boot sector that counts: four hexadecimal digits and a line feed on COM1, over and over, after it has written
   FORGED into the CMOS, byte by byte from index 0x0e on. Each count also writes to another page of memory. */
    .code16
    .globl _start
_start:
    cli
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %ss
    movw $0x7c00, %sp

    movw $forged, %si
    movb $0x0e, %bl
    movw $(forged_end - forged), %cx
    jcxz counting
1:  movb %bl, %al
    outb %al, $0x70
    lodsb
    outb %al, $0x71
    incb %bl
    loop 1b

counting:
    xorw %bx, %bx
again:
    incw %bx
    movw %bx, %ax
    andw $0x3f, %ax
    shlw $8, %ax
    addw $0x1000, %ax
    movw %ax, %es
    movw %bx, %es:(0)

    movw $4, %cx
2:  rolw $4, %bx
    movb %bl, %al
    andb $0x0f, %al
    cmpb $10, %al
    sbbb $0x69, %al
    das
    call put
    loop 2b
    movb $10, %al
    call put
    movw $0x2000, %cx
3:  pause
    loop 3b
    jmp again

put:
    movb %al, %ah
    movw $0x3fd, %dx
4:  inb %dx, %al
    testb $0x20, %al
    jz 4b
    movw $0x3f8, %dx
    movb %ah, %al
    outb %al, %dx
    ret

forged:
    FORGED
forged_end:
    .org 510
    .word 0xaa55
