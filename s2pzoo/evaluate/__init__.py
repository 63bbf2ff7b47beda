"""Metrics of photos in [0,1]: FID-squeeze, LPIPS-squeeze, SSIM, and tables of them. Import the module you need."""
