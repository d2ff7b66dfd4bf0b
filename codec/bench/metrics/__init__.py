"""Measures of quality: LPIPS, DISTS, PSNR, VMAF, and how well landmarks survive."""
