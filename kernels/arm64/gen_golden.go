//go:build ignore

// Writes neon_golden_arm64.s and neon_golden_table_test.go: every macro of
// neon_arm64.h, used with two sets of operands, and the words that GNU as gives
// for them. Run it after a change of the header, with GNU as for aarch64 on the
// PATH (AS names another one); the results are checked in, so that the test
// itself needs only Go.
//
//	go run gen_golden.go
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// families says what GNU as calls the macros: names, shapes to append, and the
// text. %d %n %m %e %r are registers, %i %j lanes, %s a shift, %o an offset, %v
// a byte. {o} is the mnemonic, {d} the shape; {h} the source of a widening
// instruction, {p} of a pairwise one, {w} of a narrowing one; {D} is the letter
// of the shape's lane.
var families = []string{
	"SMULL SMULL2 SMLAL SMLAL2 SMLSL SMLSL2 UMULL UMULL2 UMLAL UMLAL2|8H 4S 2D|{o} v%d.{d}, v%n.{h}, v%m.{h}",
	"SADDL SADDL2 SSUBL SSUBL2 UADDL UADDL2 USUBL USUBL2|8H 4S 2D|{o} v%d.{d}, v%n.{h}, v%m.{h}",
	"ADDHN RADDHN SUBHN RSUBHN|8B 4H 2S|{o} v%d.{d}, v%n.{w}, v%m.{w}",
	"ADDHN2 RADDHN2 SUBHN2 RSUBHN2|16B 8H 4S|{o} v%d.{d}, v%n.{w}, v%m.{w}",
	"SADDW SADDW2 SSUBW SSUBW2 UADDW UADDW2|8H 4S 2D|{o} v%d.{d}, v%n.{d}, v%m.{h}",
	"SMULL SMULL2 SMLAL SMLAL2 SMLSL SMLSL2 UMULL UMLAL|4S_LANE|{o} v%d.{d}, v%n.{h}, v%m.h[%i]",
	"SMULL SMULL2 SMLAL SMLAL2 SMLSL SMLSL2 UMULL UMLAL|2D_LANE|{o} v%d.{d}, v%n.{h}, v%m.s[%i]",
	"MUL MLA MLS|8B 16B 4H 8H 2S 4S|{o} v%d.{d}, v%n.{d}, v%m.{d}",
	"MUL MLA MLS SQDMULH SQRDMULH|8H_LANE|{o} v%d.{d}, v%n.{d}, v%m.h[%i]",
	"MUL MLA MLS SQDMULH SQRDMULH FMUL FMLA FMLS|4S_LANE|{o} v%d.{d}, v%n.{d}, v%m.s[%i]",
	"SDOT UDOT USDOT|4S|{o} v%d.4s, v%n.16b, v%m.16b",
	"SDOT UDOT USDOT|2S|{o} v%d.2s, v%n.8b, v%m.8b",
	"SDOT UDOT USDOT SUDOT|4S_LANE|{o} v%d.4s, v%n.16b, v%m.4b[%i]",
	"SMMLA UMMLA USMMLA|4S|{o} v%d.4s, v%n.16b, v%m.16b",
	"SADALP UADALP SADDLP UADDLP|8H 4S 2D|{o} v%d.{d}, v%n.{p}",
	"ADDP ADD SUB|8B 16B 4H 8H 2S 4S 2D|{o} v%d.{d}, v%n.{d}, v%m.{d}",
	"SMAXP SMINP SQADD SQSUB UQADD UQSUB SHADD SRHADD UHADD URHADD|16B 8H 4S|{o} v%d.{d}, v%n.{d}, v%m.{d}",
	"SADDLV UADDLV|16B|{o} h%d, v%n.{d}",
	"SADDLV UADDLV|8H|{o} s%d, v%n.{d}",
	"SADDLV UADDLV|4S|{o} d%d, v%n.{d}",
	"ADDV SMAXV SMINV UMAXV|16B 8H 4S|{o} {D}%d, v%n.{d}",
	"SQDMULH SQRDMULH|8H 4S|{o} v%d.{d}, v%n.{d}, v%m.{d}",
	"SSHL USHL SRSHL URSHL SQSHL SQRSHL|8H 4S 2D|{o} v%d.{d}, v%n.{d}, v%m.{d}",
	"SSHR USHR SRSHR URSHR SSRA USRA SRSRA|16B 8H 4S 2D|{o} v%d.{d}, v%n.{d}, #%s",
	"SHL SLI SQSHL_IMM|16B 8H 4S 2D|{o} v%d.{d}, v%n.{d}, #%s",
	"SHRN RSHRN SQSHRN SQRSHRN SQSHRUN SQRSHRUN UQRSHRN|8B 4H 2S|{o} v%d.{d}, v%n.{w}, #%s",
	"SHRN2 RSHRN2 SQSHRN2 SQRSHRN2 SQSHRUN2 SQRSHRUN2 UQRSHRN2|16B 8H 4S|{o} v%d.{d}, v%n.{w}, #%s",
	"XTN SQXTN SQXTUN UQXTN|8B 4H 2S|{o} v%d.{d}, v%n.{w}",
	"XTN2 SQXTN2 SQXTUN2 UQXTN2|16B 8H 4S|{o} v%d.{d}, v%n.{w}",
	"SXTL SXTL2 UXTL UXTL2|8H 4S 2D|{o} v%d.{d}, v%n.{h}",
	"SSHLL SSHLL2 USHLL USHLL2|8H 4S 2D|{o} v%d.{d}, v%n.{h}, #%s",
	"SMAX SMIN UMAX UMIN|8B 16B 4H 8H 2S 4S|{o} v%d.{d}, v%n.{d}, v%m.{d}",
	"ABS NEG SQABS SQNEG CLZ|16B 8H 4S|{o} v%d.{d}, v%n.{d}",
	"CMGT CMGE CMEQ CMHI CMHS CMTST|16B 8H 4S|{o} v%d.{d}, v%n.{d}, v%m.{d}",
	"CMLTZ CMLEZ CMEQZ CMGEZ CMGTZ|16B 8H 4S|{o} v%d.{d}, v%n.{d}, #0",
	"AND ORR EOR BIC ORN BSL BIT BIF|16B|{o} v%d.{d}, v%n.{d}, v%m.{d}",
	"NOT MOV|16B|{o} v%d.16b, v%n.16b",
	"DUP|16B_LANE 8H_LANE 4S_LANE 2D_LANE 8B_LANE 4H_LANE 2S_LANE|dup v%d.{d}, v%n.{D}[%i]",
	"DUP|16B_R 8H_R 4S_R|dup v%d.{d}, w%r",
	"DUP|2D_R|dup v%d.{d}, x%r",
	"INS|B_LANE H_LANE S_LANE D_LANE|mov v%d.{D}[%j], v%n.{D}[%i]",
	"INS|B_R H_R S_R|mov v%d.{D}[%j], w%r",
	"INS|D_R|mov v%d.d[%j], x%r",
	"SMOV|B H S|smov x%r, v%n.{D}[%i]",
	"UMOV|B H S|umov w%r, v%n.{D}[%i]",
	"UMOV|D|umov x%r, v%n.{D}[%i]",
	"ZERO||movi v%d.2d, #0",
	"MOVI|16B 8H 4S|{o} v%d.{d}, #%v",
	"MVNI|8H 4S|{o} v%d.{d}, #%v",
	"MOVI MVNI|8H_8 4S_8|{o} v%d.{d}, #%v, lsl #8",
	"MOVI MVNI|4S_16|{o} v%d.{d}, #%v, lsl #16",
	"MOVI MVNI|4S_24|{o} v%d.{d}, #%v, lsl #24",
	"ZIP1 ZIP2 UZP1 UZP2 TRN1 TRN2|8B 16B 4H 8H 2S 4S 2D|{o} v%d.{d}, v%n.{d}, v%m.{d}",
	"EXT|16B 8B|ext v%d.{d}, v%n.{d}, v%m.{d}, #%i",
	"REV64|16B 8H 4S|{o} v%d.{d}, v%n.{d}",
	"REV32|16B 8H|{o} v%d.{d}, v%n.{d}",
	"REV16|16B|{o} v%d.{d}, v%n.{d}",
	"TBL1|16B|tbl v%d.16b, {v%n.16b}, v%m.16b",
	"TBL2|16B|tbl v%d.16b, {v%n.16b-v%n+1.16b}, v%m.16b",
	"TBL3|16B|tbl v%d.16b, {v%n.16b-v%n+2.16b}, v%m.16b",
	"TBL4|16B|tbl v%d.16b, {v%n.16b-v%n+3.16b}, v%m.16b",
	"TBX1|16B|tbx v%d.16b, {v%n.16b}, v%m.16b",
	"TBX2|16B|tbx v%d.16b, {v%n.16b-v%n+1.16b}, v%m.16b",
	"TBX3|16B|tbx v%d.16b, {v%n.16b-v%n+2.16b}, v%m.16b",
	"TBX4|16B|tbx v%d.16b, {v%n.16b-v%n+3.16b}, v%m.16b",
	"FADD FSUB FMUL FDIV FMLA FMLS FMAX FMIN FMAXNM FMINNM FCMGT FCMGE FCMEQ|4S|{o} v%d.{d}, v%n.{d}, v%m.{d}",
	"SCVTF UCVTF FCVTNS FCVTZS FCVTAS FCVTMS FRINTN FRINTM FABS FNEG|4S|{o} v%d.{d}, v%n.{d}",
	"LDRB LDRH LDRS LDRD LDRQ STRB STRH STRS STRD STRQ||{o} {l}%d, [x%n, #%o]",
	"LDURB LDURH LDURS LDURD LDURQ STURB STURH STURS STURD STURQ||{o} {l}%d, [x%n, #%o]",
	"LDRB LDRH LDRS LDRD LDRQ STRB STRH STRS STRD STRQ|P|{o} {l}%d, [x%n], #%o",
	"LDRB LDRH LDRS LDRD LDRQ STRB STRH STRS STRD STRQ|RR|{o} {l}%d, [x%n, x%m]",
	"LDPS LDPD LDPQ STPS STPD STPQ||{o} {l}%d, {l}%e, [x%n, #%o]",
	"LDPS LDPD LDPQ STPS STPD STPQ|P|{o} {l}%d, {l}%e, [x%n], #%o",
	"LD1R|8B 16B 4H 8H 2S 4S 2D|ld1r {v%d.{d}}, [x%n]",
	"LD1R|8B_P 16B_P 4H_P 8H_P 2S_P 4S_P 2D_P|ld1r {v%d.{d}}, [x%n], #{z}",
	"LD1B LD1H LD1S LD1D ST1B ST1H ST1S ST1D|LANE|{o} {v%d.{l}}[%i], [x%n]",
	"LD1B LD1H LD1S LD1D ST1B ST1H ST1S ST1D|LANE_P|{o} {v%d.{l}}[%i], [x%n], #{z}",
	"LD4S ST4S|LANE|{o} {v%d.s-v%d+3.s}[%i], [x%n]",
	"LD4S ST4S|LANE_P|{o} {v%d.s-v%d+3.s}[%i], [x%n], #16",
	"LD1X1 ST1X1|16B|{o} {v%d.16b}, [x%n]",
	"LD1X1 ST1X1|16B_P|{o} {v%d.16b}, [x%n], #16",
	"LD1X2 ST1X2|16B|{o} {v%d.16b-v%d+1.16b}, [x%n]",
	"LD1X2 ST1X2|16B_P|{o} {v%d.16b-v%d+1.16b}, [x%n], #32",
	"LD1X3 ST1X3|16B|{o} {v%d.16b-v%d+2.16b}, [x%n]",
	"LD1X3 ST1X3|16B_P|{o} {v%d.16b-v%d+2.16b}, [x%n], #48",
	"LD1X4 ST1X4|16B|{o} {v%d.16b-v%d+3.16b}, [x%n]",
	"LD1X4 ST1X4|16B_P|{o} {v%d.16b-v%d+3.16b}, [x%n], #64",
}

var (
	halves  = map[string][2]string{"8h": {"8b", "16b"}, "4s": {"4h", "8h"}, "2d": {"2s", "4s"}}
	pairs   = map[string]string{"8h": "16b", "4s": "8h", "2d": "4s"}
	wider   = map[string]string{"8b": "8h", "16b": "8h", "4h": "4s", "8h": "4s", "2s": "2d", "4s": "2d"}
	bytesOf = map[string]int{"b": 1, "h": 2, "s": 4, "d": 8, "q": 16}
)

// text is the GNU template of a macro: a name and a shape of a family.
func text(name, shape, tmpl string) string {
	op := strings.ToLower(name)
	shape, _, _ = strings.Cut(strings.ToLower(shape), "_")
	letter := op[len(op)-1:] // of LDRQ, LD1S
	mnemonic := op
	if strings.Contains(tmpl, "{l}") {
		mnemonic = op[:len(op)-1]
		if strings.HasSuffix(mnemonic, "1") {
			shape = ""
		}
	}
	mnemonic = strings.TrimSuffix(mnemonic, "_imm")
	if strings.Contains(op, "1x") || strings.Contains(op, "4s") {
		mnemonic = op[:3]
	}
	if strings.HasPrefix(op, "cm") && strings.HasSuffix(tmpl, "#0") {
		mnemonic = strings.TrimSuffix(op, "z")
	}
	if op == "not" {
		mnemonic = "mvn"
	}
	half := halves[shape][0]
	if strings.HasSuffix(op, "2") {
		half = halves[shape][1]
	}
	unit := letter
	if strings.HasPrefix(op, "ld1r") {
		unit = strings.TrimLeft(shape, "0123456789")
	}
	return strings.NewReplacer("{o}", mnemonic, "{d}", shape, "{h}", half, "{p}", pairs[shape], "{w}", wider[shape],
		"{D}", strings.TrimLeft(shape, "0123456789"), "{l}", letter, "{z}", strconv.Itoa(bytesOf[unit])).Replace(tmpl)
}

// operands are two sets of values whose bits differ everywhere, within the
// ranges that the instruction has.
func operands(macro, tmpl string, set int) map[string]int {
	v := map[string]int{"m": 10, "n": 21, "d": 26, "e": 9, "r": 12, "v": 0xa5}
	if set == 1 {
		v = map[string]int{"m": 21, "n": 10, "d": 5, "e": 22, "r": 19, "v": 0x5a}
	}
	lanes := 16
	if m := regexp.MustCompile(`([bhsd])}?\[%i`).FindStringSubmatch(tmpl); m != nil {
		lanes = 16 / bytesOf[m[1]]
		if strings.Contains(tmpl, "4b[%i") {
			lanes = 4
		}
		if m[1] == "h" && strings.Contains(tmpl, "%m.h[") && set == 1 {
			v["m"] = 5 // V0 to V15 have 16-bit lanes
		}
	} else if strings.Contains(tmpl, "8b, #%i") {
		lanes = 8
	}
	if m := regexp.MustCompile(`([bhsd])\[%j`).FindStringSubmatch(tmpl); m != nil && !strings.Contains(tmpl, "[%i") {
		lanes = 16 / bytesOf[m[1]]
	}
	v["i"] = lanes * (1 + set) / 3
	v["j"] = lanes*(2-set)/3 | set
	if lanes == 2 {
		v["i"], v["j"] = set, 1-set
	}
	if strings.Contains(tmpl, "#%s") {
		d := regexp.MustCompile(`v%d\.\d+([bhsd])`).FindStringSubmatch(tmpl)[1]
		width := 8 * bytesOf[d]
		left := strings.HasPrefix(macro, "SHL_") || strings.HasPrefix(macro, "SLI") || strings.HasPrefix(macro, "SQSHL_IMM")
		switch {
		case strings.Contains(macro, "SHLL"):
			v["s"] = []int{width/2 - 1, width / 6}[set]
		case left:
			v["s"] = []int{width - 1, width / 3}[set]
		default:
			v["s"] = []int{width, width / 3}[set]
		}
	}
	if strings.Contains(tmpl, "#%o") {
		size := bytesOf[regexp.MustCompile(`([bhsdq])%d`).FindStringSubmatch(tmpl)[1]]
		switch {
		case strings.Contains(tmpl, "%e"):
			v["o"] = []int{-64 * size, 63 * size}[set]
		case strings.HasPrefix(tmpl, "ldur") || strings.HasPrefix(tmpl, "stur") || strings.HasSuffix(tmpl, "], #%o"):
			v["o"] = []int{-256, 255}[set]
		default:
			v["o"] = []int{0x555 * size, 0xaaa * size}[set]
		}
	}
	return v
}

func main() {
	log.SetFlags(0)
	header, err := os.ReadFile("neon_arm64.h")
	if err != nil {
		log.Fatal(err)
	}
	params := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^#define ([A-Z0-9_]+)\(([a-z, ]+)\)`).FindAllStringSubmatch(string(header), -1) {
		if _, ok := params[m[1]]; ok {
			log.Fatalf("%s stands twice in the header", m[1])
		}
		params[m[1]] = m[2]
	}
	for _, n := range []string{"N3", "N2", "HLANE", "SLANE", "LANE1", "IMM8"} {
		delete(params, n)
	}
	var code, gnu bytes.Buffer
	var rows [][2]string
	for _, f := range families {
		p := strings.Split(f, "|")
		for _, name := range strings.Fields(p[0]) {
			for _, shape := range strings.Split(p[1], " ") {
				macro := strings.TrimSuffix(name+"_"+shape, "_")
				args, ok := params[macro]
				if !ok {
					log.Fatalf("%s is not in the header", macro)
				}
				delete(params, macro)
				tmpl := text(name, shape, p[2])
				for set := range 2 {
					v := operands(macro, tmpl, set)
					call, asm := macro+"(", regexp.MustCompile(`%[dn]\+\d`).ReplaceAllStringFunc(tmpl, func(s string) string {
						return strconv.Itoa(v[s[1:2]] + int(s[3]-'0'))
					})
					for i, a := range strings.Split(args, ", ") {
						if i > 0 {
							call += ", "
						}
						call += strconv.Itoa(v[a])
					}
					for k, x := range v {
						asm = strings.ReplaceAll(asm, "%"+k, strconv.Itoa(x))
					}
					fmt.Fprintf(&code, "\t%s)\n", call)
					fmt.Fprintln(&gnu, asm)
					rows = append(rows, [2]string{call + ")", asm})
				}
			}
		}
	}
	for n := range params {
		log.Fatalf("%s of the header is in no family", n)
	}
	write(code.String(), rows, assemble(gnu.String(), len(rows)))
}

// assemble returns the words that GNU as gives.
func assemble(text string, n int) []byte {
	as := os.Getenv("AS")
	if as == "" {
		as = "aarch64-linux-gnu-as"
	}
	dir, err := os.MkdirTemp("", "golden")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	obj, bin := filepath.Join(dir, "g.o"), filepath.Join(dir, "g.bin")
	c := exec.Command(as, "-o", obj, "-")
	c.Stdin = strings.NewReader(".arch armv8.6-a+i8mm+dotprod\n" + text)
	if out, err := c.CombinedOutput(); err != nil {
		log.Fatalf("%s: %v\n%s", as, err, out)
	}
	objcopy := strings.TrimSuffix(as, "as") + "objcopy"
	if out, err := exec.Command(objcopy, "-O", "binary", "-j", ".text", obj, bin).CombinedOutput(); err != nil {
		log.Fatalf("%s: %v\n%s", objcopy, err, out)
	}
	b, err := os.ReadFile(bin)
	if err != nil || len(b) != 4*n {
		log.Fatalf("%d words, want %d (%v)", len(b)/4, n, err)
	}
	return b
}

const generated = "// Code generated by gen_golden.go. DO NOT EDIT.\n\n//go:build !purego\n\n"

func write(code string, rows [][2]string, words []byte) {
	s := generated + "#include \"textflag.h\"\n#include \"neon_arm64.h\"\n\nTEXT ·golden(SB), NOSPLIT|NOFRAME, $0-0\n" + code + "\tRET\n\n" +
		"// func goldenCode() *uint32\nTEXT ·goldenCode(SB), NOSPLIT, $0-8\n\tMOVD $·golden(SB), R0\n\tMOVD R0, ret+0(FP)\n\tRET\n"
	var t strings.Builder
	t.WriteString(strings.Replace(generated, "!purego", "arm64 && !purego", 1) + "package arm64\n\nvar goldenTable = []struct {\n\tmacro, gnu string\n\tword       uint32\n}{\n")
	for i, r := range rows {
		fmt.Fprintf(&t, "\t{%q, %q, 0x%08x},\n", r[0], r[1], binary.LittleEndian.Uint32(words[4*i:]))
	}
	t.WriteString("}\n")
	for name, text := range map[string]string{"neon_golden_arm64.s": s, "neon_golden_table_test.go": t.String()} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
